"""Copies are taken, arrive, are proved, and do not lie on the disk that they are copies of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.backup.access import access, is_folder
from appliance.backup.keeper import read
from appliance.backup.state import Kept, read_state, tries_file, troubles_file
from appliance.box import Box
from appliance.checks.finding import Finding, error, note, ok, unless_demo, warning
from appliance.troubles import Trouble

LATE = timedelta(minutes=100)  # the hourly one, and the tries after one that failed
TOO_LATE = timedelta(hours=3)
CLOCKS_DIFFER = timedelta(minutes=5)
DRILL_LATE = timedelta(days=2)


def check(box: Box, at: datetime) -> Iterator[Finding]:
    settings = box.settings
    if not settings.backup.targets:
        finding = warning(
            "There are no backups: with this machine's disk everything would be lost.",
            "Name a target: run install.sh again with --backup TARGET, which also lets the appliance write there.",
        )
        yield unless_demo(finding, demo=settings.site.demo)
        return
    state, known = read_state(settings), read(tries_file(settings))
    troubles = troubles_file(settings)
    lasting = msgspec.json.decode(troubles.read_bytes(), type=dict[str, Trouble]) if troubles.exists() else {}
    for name, trouble in sorted(lasting.items()):
        if name.partition(" ")[2] in settings.backup.targets:
            yield error(
                f"{trouble.sentence} (since {trouble.since:%Y-%m-%d %H:%M} UTC)",
                "When that is mended, try: wellhouse backup now, and wellhouse backup verify",
            )
    for target in settings.backup.targets:
        access(target, settings.backup.credentials_file)  # its sentence, if it cannot be opened
        yield from _age(target, state.targets.get(target), at)
        proved_at = known[target].proved_at if target in known else None
        yield from _drill(target, state.targets.get(target), proved_at, at)
        yield from _same_disk(target, Path(settings.paths.data))
    if not settings.backup.append_only:
        yield note(
            "Every target lets this box remove what is there, so whoever breaks into it can remove the backups too. "
            "docs/BACKUP.md says how a target only takes."
        )


def _age(target: str, kept: Kept | None, at: datetime) -> Iterator[Finding]:
    then = "Look at backup.log, and try: wellhouse backup now"
    if kept is None:
        yield error(f"{target} has not taken a backup yet.", then)
        return
    age = at - kept.saved_at
    told = f"The newest backup at {target} is of {kept.saved_at:%Y-%m-%d %H:%M} UTC"
    if age < -CLOCKS_DIFFER:
        yield error(f"{told}, which is still to come: the clock was wrong then, or is now.", f"Look: date. {then}")
    elif age > TOO_LATE:
        yield error(f"{told}: what happened since would be lost.", then)
    elif age > LATE:
        yield warning(f"{told}, though one is due every hour.", then)
    else:
        yield ok(f"{told}.")


def _drill(target: str, kept: Kept | None, proved_at: datetime | None, at: datetime) -> Iterator[Finding]:
    if proved_at is not None and at - proved_at <= DRILL_LATE:
        yield ok(f"The backup at {target} was restored to a scratch folder and proved on {proved_at:%Y-%m-%d}.")
    elif proved_at is not None:
        yield error(
            f"The backup at {target} was last proved on {proved_at:%Y-%m-%d}, though each night is due.",
            "Run: wellhouse backup verify",
        )
    elif kept is not None:
        yield note(f"No backup at {target} was proved yet: the next night does it, or “wellhouse backup verify”.")


def _same_disk(target: str, data: Path) -> Iterator[Finding]:
    place = Path(target)
    while is_folder(target) and not place.exists():
        place = place.parent
    if is_folder(target) and place.stat().st_dev == data.stat().st_dev:
        yield warning(
            f"{target} lies on the disk of the data itself, and would be lost with it.",
            "Mount another disk there (see “findmnt”), or name a target on another machine.",
        )
