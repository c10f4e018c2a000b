"""The disk that was named for the data: there, large enough, and empty or already Wellhouse's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install import disks
from appliance.install.answers import Engine
from appliance.install.checks.plan import Plan
from appliance.storage.device import refuse_unless_disk, refuse_unless_empty
from core.errors import Refused

_MAPPER = Path("/dev/mapper/control")


def check(plan: Plan) -> Iterator[Finding]:
    device = plan.answers.data_device
    if not device:
        if plan.answers.database is Engine.POSTGRESQL:
            yield warning(
                "PostgreSQL keeps its rows unencrypted, and no disk of its own is encrypted for them.",
                "Name an empty disk for the data, or take sqlite, which is always encrypted.",
            )
        return
    yield from judge(Path(device), known=plan.before.get("data-device") == device)
    if not _MAPPER.exists():
        yield error(
            "This machine cannot open encrypted disks (there is no /dev/mapper), as containers usually cannot.",
            "Use a machine or a virtual machine, or answer none.",
        )


def judge(device: Path, *, known: bool) -> Iterator[Finding]:
    """*known*: an earlier run was told to use this very disk."""
    if disks.is_ours(str(device)):
        if known:
            yield ok(f"{device} is Wellhouse's encrypted volume already.")
        else:
            yield warning(
                f"{device} holds an encrypted volume of Wellhouse that this installation has not made. It is not "
                "erased; it opens only with the key of the box that made it.",
                "If that box is lost, stop here, and see “wellhouse restore” in docs/INSTALL.md.",
            )
        return
    try:
        refuse_unless_disk(device)
        refuse_unless_empty(device)
    except Refused as e:
        yield error(e.sentence, "Or answer none. Wellhouse never erases anything by itself.")
    else:
        yield ok(f"{device} is empty.")
