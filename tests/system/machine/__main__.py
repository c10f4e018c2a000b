"""Rehearses a clinic's installation on clean machines: make test-machine (ON=debian-13 for one of them).

    python -m tests.system.machine [--on debian-12] … [--roots DIR]

On each: ./install.sh from a file of answers; facts; a call from the LAN, during which it is run again and must change
nothing; the power is cut, and the box must come back alone with the facts as they were; a backup; the disk is
destroyed; a second clean machine is restored with what the recovery sheet says, and must hold the same rows and files.
What this machine's kernel cannot show is listed as SKIP with its reason, and stands for nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from tests.system.clean_machine import SYSTEMS, Disk, RehearsalFailed, base_tree, clean_disk
from tests.system.machine.box import BACKUPS, Box, booted, make_ready
from tests.system.machine.facts import FACTS
from tests.system.machine.look import Look, NotAsked, Skip
from tests.system.machine.meeting import holding_a_call
from tests.system.machine.report import Report

DATABASES = {"debian-12": "sqlite", "debian-13": "postgresql", "ubuntu-24.04": "sqlite"}
FACTS_MIN = 100
PAUSE_MAX_S = 2.0  # without a new picture; a busy machine of two cores installs beside two browsers


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        sys.stderr.write("A clean machine is a container: run this as root, sudo make test-machine.\n")
        return 2
    reports = []
    for name in options.on:
        report = Report(name, DATABASES[name])
        reports.append(report)
        try:
            with tempfile.TemporaryDirectory(prefix="machine-", dir=options.roots) as scratch:
                _rehearse(report, options.roots, Path(scratch))
        except RehearsalFailed as e:
            report.failed(str(e))
        except Exception:  # noqa: BLE001  # whatever it is, the other systems are still to be tried
            report.failed(traceback.format_exc())
    for report in reports:
        report.print_table()
    return 1 if any(report.failures for report in reports) else 0


def _rehearse(report: Report, roots: Path, scratch: Path) -> None:
    base = base_tree(SYSTEMS[report.system], roots, systemd=True)
    with clean_disk(base, scratch / "first") as disk:
        make_ready(disk, report.database)
        with booted(disk) as box:
            _install_twice(report, box)
        with booted(disk) as box:
            report.say(f"back by itself {box.await_up():.0f} s after the system was, from a power cut")
            _judge(report, box, "after a power cut")
            box.machine.must("systemctl stop wellhouse")
            lost = box.inside("fingerprint")
            report.say(f"backup in {box.machine.must('wellhouse backup now').took_s:.1f} s")
            paper = box.recovery_key()
        shutil.copytree(disk.root / BACKUPS.removeprefix("/"), scratch / "backups", symlinks=True)
    report.say("the machine is destroyed; left are the backups and the recovery sheet")
    with clean_disk(base, scratch / "second") as disk:
        make_ready(disk, report.database)
        # The disk with the backups is plugged into the new machine, which knows nothing of them.
        shutil.copytree(scratch / "backups", disk.root / BACKUPS.removeprefix("/"), symlinks=True)
        _restore(report, disk, paper, lost)


def _install_twice(report: Report, box: Box) -> None:
    first = box.install()
    report.say(f"first run {first.took_s:.0f} s, changed={first.changed}")
    report.note(first_s=first.took_s, first_changed=first.changed)
    box.await_up()
    _judge(report, box, "after the first run")
    people = box.inside("people")
    before = box.processes()
    with holding_a_call(box, people) as call:
        second = box.install()
        report.require(second.changed == 0, f"the second run changed {second.changed} things:\n{second.output[-3000:]}")
        report.require(box.processes() == before, "the second run restarted or ended something")
        box.machine.must("wellhouse backup now")
        seen = call.end()
    report.say(f"second run {second.took_s:.0f} s, changed={second.changed}, during a call of {seen.seconds:.0f} s")
    report.say(f"longest pause in the call's pictures {seen.longest_pause_s:.2f} s")
    report.note(second_s=second.took_s, second_changed=second.changed, pause_s=seen.longest_pause_s)
    report.require(seen.both_in_the_room and seen.same_connections, f"the call did not go on as it was: {seen}")
    report.require(seen.longest_pause_s < PAUSE_MAX_S, f"the call stood still for {seen.longest_pause_s} s")


def _restore(report: Report, disk: Disk, paper: str, lost: dict[str, Any]) -> None:
    with booted(disk) as box:
        box.install()
        box.machine.must(f"chown --recursive wellhouse: {BACKUPS}")
        (disk.root / "root/key").write_text(paper, encoding="ascii")
        began = time.monotonic()
        box.machine.must("systemctl stop wellhouse")
        box.machine.must(f"wellhouse restore {BACKUPS} --replace --recovery-key-file /root/key && rm /root/key")
        found = box.inside("fingerprint")
        box.start()
        took_s = time.monotonic() - began
        rows = sum(count for count, _ in found["tables"].values())
        report.say(
            f"restored in {took_s:.1f} s: {rows} rows of {len(found['tables'])} tables, {len(found['documents'])} files"
        )
        report.note(restore_s=took_s, rows=rows)
        for kind in ("tables", "documents"):
            other = {n for n in found[kind] | lost[kind] if found[kind].get(n) != lost[kind].get(n)}
            report.require(not other, f"restored {kind} are not those that were lost: {sorted(other)}")
        report.require(box.install().changed == 0, "after restoring, installing again changes something")
        _judge(report, box, "on the restored machine")


def _judge(report: Report, box: Box, when: str) -> None:
    look = Look(box.machine, box.guest)
    held, began = 0, time.monotonic()
    for fact in FACTS:
        try:
            instead = fact.seen(look)
        except NotAsked:
            continue
        except Skip as reason:
            report.skipped(fact.name, str(reason))
            continue
        except Exception as e:  # noqa: BLE001  # a fact that cannot be seen is not one; the others are still to be seen
            instead = f"{type(e).__name__}: {e}"
        if instead:
            report.failed(f"{when}: {fact.name}: {instead}")
        else:
            held += 1
    report.say(f"{held} facts hold {when} ({time.monotonic() - began:.0f} s)")
    report.note(**{f"facts {when}": held})
    report.require(held >= FACTS_MIN, f"{when} only {held} facts hold")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="machine", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--on", action="append", choices=sorted(SYSTEMS), help="default: all, one after the other")
    default = Path(os.environ.get("WELLHOUSE_ROOTS", "/var/cache/wellhouse-rehearsal"))
    parser.add_argument("--roots", type=Path, default=default, help="untouched trees [$WELLHOUSE_ROOTS]")
    options = parser.parse_args()
    options.on = options.on or sorted(SYSTEMS)
    return options


if __name__ == "__main__":
    sys.exit(main())
