"""Processor, memory, room on the system's disk, and what starts things at boot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.checks.plan import Plan, existing

# A machine sold as 2 GB shows a little less. Two portal processes, worker, media server, nginx, coturn, backups and a
# few passwords being hashed at 64 MB each need about 1 GB; the rest is the system's own and the file cache.
MEMORY_BYTES = 1_800 * 1024**2
CORES = 2  # sound and pictures on one, pages on the other

CODE = Path("/opt/wellhouse")
CODE_BYTES = 2 * 1024**3  # packages, Ansible, two releases while one takes the other's place
DATA_BYTES = 4 * 1024**3  # the first year of a small practice, and a copy of it while it is backed up


def check(plan: Plan) -> Iterator[Finding]:
    memory = plan.facts.memory_bytes
    if memory < MEMORY_BYTES:
        yield error(f"This machine has {memory / 1024**3:.1f} GiB of memory.", "Give it 2 GiB or more.")
    if plan.facts.cores < CORES:
        yield warning("This machine has one processor core: pictures may stutter.", "Give it two or more.")
    yield from room(_needed(plan))
    if not plan.facts.systemd:
        yield warning(
            "systemd does not run here: nothing starts Wellhouse when the machine starts.",
            "Have whatever starts this machine run “wellhouse unlock” and “wellhouse up”.",
        )


def _needed(plan: Plan) -> dict[Path, int]:
    needed = {CODE: CODE_BYTES}
    if not plan.answers.data_device:
        needed[Path(plan.settings.paths.data)] = DATA_BYTES
    return needed


def room(needed: dict[Path, int]) -> Iterator[Finding]:
    """Whether each disk has room for all the *needed* bytes that come to lie on it."""
    by_disk: dict[int, list[Path]] = {}
    for path in needed:
        by_disk.setdefault(existing(path).stat().st_dev, []).append(path)
    for paths in by_disk.values():
        status = os.statvfs(existing(paths[0]))
        free, wanted = status.f_bavail * status.f_frsize, sum(needed[path] for path in paths)
        label = " and ".join(map(str, paths))
        if free < wanted:
            yield error(
                f"The disk of {label} has {free / 1024**3:.1f} GiB free, and {wanted / 1024**3:.0f} GiB are needed.",
                "Make room, or give the machine a larger disk.",
            )
        else:
            yield ok(f"{free / 1024**3:.0f} GiB free for {label}.")
