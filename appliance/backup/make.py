"""Taking a backup: a set is staged, signed and saved to every target. One that fails does not stop the others."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from appliance.backup import manifest
from appliance.backup.database_copy import copy_database
from appliance.backup.manifest import Manifest
from appliance.backup.restic import Repository
from appliance.configure.files import write
from appliance.configure.render import product_version
from core.errors import Refused, WellhouseError
from core.settings import Settings
from webapp.crypto.keyring import Keyring

SETTINGS_COPY = "wellhouse.toml"
FORGET_EVERY = 24  # sets: with hourly backups old ones are dropped once a day, which reads much of the repository


@dataclass(frozen=True)
class State:
    """What this box remembers of its backups. *number* is the last set's; *saved_at* when each target last took one."""

    number: int
    saved_at: dict[str, str]


@dataclass(frozen=True)
class Saved:
    """One target's answer: *snapshot* if it took the set, else *fault* says why not."""

    target: str
    snapshot: str = ""
    fault: str = ""


def back_up(settings: Settings, config: Path, keyring: Keyring, *, at: datetime) -> list[Saved]:
    """Take a backup now. Refused if no target is set."""
    if not settings.backup.targets:
        raise Refused("No backup target is set. Name one under [backup] targets in the settings.")
    before = read_state(settings)
    number = before.number + 1
    stage(settings, config, keyring, number=number, at=at)
    answers = [_save(target, settings, keyring, number) for target in settings.backup.targets]
    saved_at = dict(before.saved_at) | {answer.target: at.isoformat() for answer in answers if answer.snapshot}
    _write_state(settings, State(number, saved_at))
    return answers


def stage(settings: Settings, config: Path, keyring: Keyring, *, number: int, at: datetime) -> Path:
    """Lay out set *number* in the workplace and sign it; its folder, always the same so that restic knows it again."""
    data = Path(settings.paths.data)
    folder = workplace(settings) / "set"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    copied = copy_database(settings, keyring, folder)
    for path in ("documents", "rtc/events.jsonl"):
        source = data / path
        if source.is_dir():
            # Sealed documents are never changed in place, so the set may share them.
            shutil.copytree(source, folder / path, copy_function=_link)
        elif source.exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / path)
    shutil.copyfile(config, folder / SETTINGS_COPY)
    signed = Manifest(
        format=manifest.FORMAT,
        number=number,
        made_at=at.timestamp(),
        version=product_version(),
        engine=settings.database.engine,
        files=manifest.digests(folder),
        rows=copied.rows,
    )
    manifest.write(folder, signed, keyring)
    return folder


def workplace(settings: Settings) -> Path:
    """Where sets are staged and restic keeps its cache; not itself backed up."""
    return Path(settings.paths.data) / "backup"


def repository(target: str, settings: Settings, keyring: Keyring) -> Repository:
    """The restic repository at *target* as this box opens it."""
    return Repository.of(target, keyring, settings.backup, workplace(settings) / "cache")


def read_state(settings: Settings) -> State:
    """What the box remembers; nothing yet on a new one."""
    file = workplace(settings) / "state.json"
    if not file.exists():
        return State(0, {})
    raw = json.loads(file.read_text(encoding="utf-8"))
    return State(int(raw["number"]), dict(raw["saved_at"]))


def _write_state(settings: Settings, state: State) -> None:
    write(workplace(settings) / "state.json", json.dumps(asdict(state)).encode(), mode=0o600)


def _save(target: str, settings: Settings, keyring: Keyring, number: int) -> Saved:
    place = repository(target, settings, keyring)
    try:
        place.provide()
        snapshot = place.save(workplace(settings) / "set")
        if number % FORGET_EVERY == 0:
            place.forget(settings.backup)
    except WellhouseError as e:
        return Saved(target, fault=e.sentence)
    return Saved(target, snapshot=snapshot)


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
