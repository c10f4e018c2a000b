"""The nightly drill: the newest set of a target is fetched, proved in a scratch folder, and thrown away."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

from appliance.backup.make import repository
from appliance.backup.prove import prove, refuse_without_room
from appliance.backup.state import alone, read_state, workplace
from core.clock import from_unix
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring

PARTS = 7  # each night another part of all packs is read to the last byte, so all within a week


@dataclass(frozen=True)
class Drill:
    """What the newest set of *target* proved to hold."""

    target: str
    number: int
    made_at: datetime
    files: int
    rows: int


def drill(target: str, settings: Settings, keyring: Keyring, *, at: datetime, all_bytes: bool = False) -> Drill:
    """Prove the newest set at *target*, and a part of the older ones: with *all_bytes* all of them.

    Refused or Unavailable says what is wrong, Conflict that a backup is being taken.
    """
    place = repository(target, settings, keyring)
    with alone(settings):
        snapshots = place.snapshots()
        if not snapshots:
            raise Refused(f"There is no backup at {target} yet. Run: wellhouse backup now")
        place.check(part=1, of=1) if all_bytes else place.check(part=at.toordinal() % PARTS + 1, of=PARTS)
        scratch = workplace(settings) / "drill"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True, mode=0o700)
        try:
            refuse_without_room(scratch, place.size_bytes(snapshots[-1].id))
            place.restore(snapshots[-1].id, scratch)
            proved = prove(scratch, keyring, newer_than=_newest_known(target, settings))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return Drill(target, proved.number, from_unix(proved.made_at), len(proved.files), sum(proved.rows.values()))


def _newest_known(target: str, settings: Settings) -> int:
    kept = read_state(settings).targets.get(target)
    return kept.number if kept else 0
