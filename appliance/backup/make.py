"""Taking a backup: a set is staged, signed and saved to every target. One that fails does not stop the others."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from appliance.backup import manifest
from appliance.backup.contents import stage_files
from appliance.backup.database_copy import copy_database
from appliance.backup.manifest import Manifest
from appliance.backup.restic import Repository
from appliance.backup.state import Kept, State, alone, read_state, workplace, write_state
from appliance.configure.render import product_version
from core.clock import has_passed
from core.errors import Refused, Unavailable, WellhouseError
from core.log import EventLog
from core.settings import Settings
from webapp.crypto.keyring import Keyring

log = EventLog("wellhouse.backup")

FORGET_EVERY = timedelta(days=1)  # it reads much of the repository


@dataclass(frozen=True)
class Saved:
    """One target's answer: *snapshot* if it took the set, else *fault* says why not."""

    target: str
    snapshot: str = ""
    fault: str = ""


def back_up(settings: Settings, config: Path, keyring: Keyring, *, at: datetime) -> list[Saved]:
    """Take a backup now. Refused if no target is set, Conflict if one is being taken."""
    if not settings.backup.targets:
        raise Refused("No backup target is set. Name one under [backup] targets in the settings.")
    with alone(settings):
        before = read_state(settings)
        number = before.number + 1
        stage(settings, config, keyring, number=number, at=at)
        # Counted before anything leaves: a number that may be out there is never given again.
        write_state(settings, replace(before, number=number))
        targets = settings.backup.targets
        with ThreadPoolExecutor(max_workers=len(targets)) as threads:
            answers = list(threads.map(lambda target: _save(target, settings, keyring, before, number, at), targets))
        kept = dict(before.targets) | {saved.target: kept for saved, kept in answers if kept is not None}
        write_state(settings, State(number, kept, before.since))
        shutil.rmtree(workplace(settings) / "set", ignore_errors=True)
    return [saved for saved, _ in answers]


def stage(settings: Settings, config: Path, keyring: Keyring, *, number: int, at: datetime) -> Path:
    """Lay out set *number* in the workplace and sign it; its folder, always the same so that restic knows it again."""
    folder = workplace(settings) / "set"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        copied = copy_database(settings, keyring, folder)
        stage_files(settings, config, folder)
        signed = Manifest(
            format=manifest.FORMAT,
            number=number,
            made_at=at.timestamp(),
            version=product_version(),
            engine=settings.database.engine,
            files=manifest.digests(folder),
            rows=copied.rows,
            audit=copied.audit,
        )
        manifest.write(folder, signed, keyring)
    except OSError as e:
        raise Unavailable(
            f"The backup could not be laid out in {folder}: {e.strerror or e}. Is the disk full? It needs room for a "
            "second copy of the database."
        ) from e
    return folder


def repository(target: str, settings: Settings, keyring: Keyring) -> Repository:
    """The restic repository at *target* as this box opens it."""
    return Repository.of(target, keyring, settings.backup, workplace(settings) / "cache")


def _save(
    target: str, settings: Settings, keyring: Keyring, state: State, number: int, at: datetime
) -> tuple[Saved, Kept | None]:
    known = state.targets.get(target)
    try:
        place = repository(target, settings, keyring)
        place.provide(known=known is not None)
        snapshot = place.save(workplace(settings) / "set", number=number)
    except WellhouseError as e:
        return Saved(target, fault=e.sentence), None
    kept = Kept(number, snapshot, at, known.forgot_at if known else at)
    if target in settings.backup.append_only or not has_passed(FORGET_EVERY, kept.forgot_at, at=at):
        return Saved(target, snapshot=snapshot), kept
    try:
        place.forget(settings.backup)
    except WellhouseError as e:
        # The set itself is safe.
        fault = f"Old copies at {target} could not be dropped, so it fills up: {e.sentence}"
        return Saved(target, snapshot=snapshot, fault=fault), kept
    return Saved(target, snapshot=snapshot), replace(kept, forgot_at=at)
