"""Putting a box back from a backup. Everything is proved in a scratch folder before live data are touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from appliance.backup.database_copy import SQL_FILE, count_postgres_rows, load_dump
from appliance.backup.make import SETTINGS_COPY, read_state
from appliance.backup.manifest import Manifest
from appliance.backup.prove import prove
from appliance.backup.restic import Repository, Snapshot
from appliance.backup.sqlite_set import SQLITE_FILE
from appliance.configure.files import write
from appliance.keys.change import adopt
from appliance.storage.volume import refuse_if_closed
from core.errors import Refused
from core.settings import Backup, Settings, load
from webapp.crypto.keyring import MASTER_BYTES, Keyring

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """*snapshot* is an id or empty for the newest; *replace* moves live data aside instead of refusing.

    *credentials_file* opens the target itself, as [backup] does in the settings.
    """

    target: str
    recovery_key: str
    snapshot: str = ""
    replace: bool = False
    credentials_file: str = ""


@dataclass(frozen=True)
class Restored:
    """*aside* is where the data lie that were there before, if there were any."""

    manifest: Manifest
    aside: Path | None


def parse_recovery_key(text: str) -> Keyring:
    """The keyring of a recovery key as the sheet shows it, in groups; Refused if it is mistyped."""
    digits = "".join(text.split()).replace("-", "").lower()
    try:
        master = bytes.fromhex(digits)
    except ValueError as e:
        raise Refused("The recovery key has only the digits 0 to 9 and the letters a to f. Please look again.") from e
    if len(master) != MASTER_BYTES:
        raise Refused(f"The recovery key has {2 * MASTER_BYTES} signs; this one has {len(digits)}. Please look again.")
    return Keyring(master)


def restore(wanted: Wanted, config: Path, *, at: datetime, say: Say) -> Restored:
    """Bring back the box whose backups lie at ``wanted.target``. Refused, with nothing changed, if anything is wrong.

    If *config* exists its paths and database are used; else the settings of the backed-up box are put there.
    """
    keyring = parse_recovery_key(wanted.recovery_key)
    settings = load(config) if config.exists() else None
    newest_known = 0
    if settings is not None:
        refuse_if_closed(settings)
        refuse_over_live_data(settings, wanted.replace)
        newest_known = read_state(settings).number
    scratch = _scratch_beside(settings, config)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        say("looking through every byte of the backups")
        opened_by = Backup(credentials_file=wanted.credentials_file)
        place = Repository.of(wanted.target, keyring, opened_by, scratch / "cache")
        place.check(read_all=True)
        chosen = _choose(place.snapshots(), wanted.snapshot)
        say(f"fetching the set of {chosen.taken_at:%Y-%m-%d %H:%M} UTC")
        found = scratch / "set"
        place.restore(chosen.id, found)
        say("proving it")
        proved = prove(found, keyring, newer_than=0 if wanted.snapshot else newest_known)
        if settings is None:
            settings = load(found / SETTINGS_COPY)
            refuse_over_live_data(settings, wanted.replace)
        if settings.database.engine != proved.engine:
            raise Refused(f"The backup is of {proved.engine}, and {config} says {settings.database.engine}.")
        say("putting it in place")
        aside = _put_in_place(found, settings, config, wanted, at=at)
        if proved.engine == "postgresql":
            _fill_postgres(settings, found / SQL_FILE, proved)
        return Restored(proved, aside)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def refuse_over_live_data(settings: Settings, replacing: bool) -> None:
    """Refused if there are data that a restore would cover and nobody asked for that."""
    if settings.paths.database_file.exists() and not replacing:
        raise Refused(
            f"{settings.paths.database_file} exists. To put the backup in its place (what is there is kept aside), "
            "stop Wellhouse and give --replace."
        )
    if settings.database.engine == "postgresql":
        with psycopg.connect(settings.database.dsn) as connection:
            if count_postgres_rows(connection):
                raise Refused("The PostgreSQL database is not empty. Make an empty one and name it in database.dsn.")


def _choose(snapshots: list[Snapshot], wanted: str) -> Snapshot:
    if not snapshots:
        raise Refused("There is no backup at that target yet.")
    if not wanted:
        return snapshots[-1]
    matching = [snapshot for snapshot in snapshots if snapshot.id.startswith(wanted)]
    if len(matching) != 1:
        raise Refused(f"There is no single backup {wanted}. “wellhouse backup list” shows their names.")
    return matching[0]


def _scratch_beside(settings: Settings | None, config: Path) -> Path:
    # On the file system of the data where it is known, so that the last step is a rename.
    beside = Path(settings.paths.data) if settings else config.parent
    return beside.parent / f".{beside.name}.restoring"


def _put_in_place(found: Path, settings: Settings, config: Path, wanted: Wanted, *, at: datetime) -> Path | None:
    data = Path(settings.paths.data)
    aside: Path | None = None
    if wanted.replace and settings.paths.database_file.exists():
        aside = data.with_name(f"{data.name}.before-{at:%Y%m%d-%H%M%S}")
        data.rename(aside)
    if not data.exists():
        data.mkdir(parents=True, mode=0o700)
        _give_to_owner(data, settings)
    for name in (SQLITE_FILE, "documents", "rtc"):
        if (found / name).exists():
            target = data / name
            if target.is_dir():
                shutil.rmtree(target)
            shutil.move(found / name, target)
            # Only what came: PostgreSQL's own files, which may lie beside it, are another account's.
            _give_to_owner(target, settings)
    adopt(settings, parse_recovery_key(wanted.recovery_key), at=at)
    if not config.exists():
        config.parent.mkdir(parents=True, exist_ok=True)
        write(config, (found / SETTINGS_COPY).read_bytes(), mode=0o644)
    return aside


def _fill_postgres(settings: Settings, dump: Path, proved: Manifest) -> None:
    load_dump(settings, dump)
    with psycopg.connect(settings.database.dsn) as connection:
        if count_postgres_rows(connection) != proved.rows:
            raise Refused("PostgreSQL does not hold the rows that the backup names. Restore into another database.")


def _give_to_owner(path: Path, settings: Settings) -> None:
    if os.geteuid() != 0 or not settings.users.portal:
        return
    for each in [path, *path.rglob("*")] if path.is_dir() else [path]:
        shutil.chown(each, settings.users.portal, settings.users.portal)
