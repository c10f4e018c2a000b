"""The nightly drill: the newest set of a target is fetched, proved in a scratch folder, and thrown away."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

from appliance.backup.make import read_state, repository, workplace
from appliance.backup.prove import prove
from core.clock import from_unix
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring


@dataclass(frozen=True)
class Drill:
    """What the newest set of *target* proved to hold."""

    target: str
    number: int
    made_at: datetime
    files: int
    rows: int


def drill(target: str, settings: Settings, keyring: Keyring) -> Drill:
    """Prove the newest set at *target*. Refused or Unavailable says what is wrong with it."""
    place = repository(target, settings, keyring)
    place.check(read_all=True)
    snapshots = place.snapshots()
    if not snapshots:
        raise Refused(f"There is no backup in {target} yet. Run: wellhouse backup now")
    scratch = workplace(settings) / "drill"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        place.restore(snapshots[-1].id, scratch)
        proved = prove(scratch, keyring, newer_than=_newest_known(target, settings))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Drill(target, proved.number, from_unix(proved.made_at), len(proved.files), sum(proved.rows.values()))


def _newest_known(target: str, settings: Settings) -> int:
    # A target that missed the last sets may hold an older one; that is an alert of its own, not a forgery.
    state = read_state(settings)
    newest = max(state.saved_at.values(), default="")
    return state.number if state.saved_at.get(target) == newest else 0
