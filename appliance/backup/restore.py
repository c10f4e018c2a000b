"""Putting a box back from a backup. Everything is proved in a scratch folder before live data are touched."""

from __future__ import annotations

import pwd
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.backup import placing, postgres_set
from appliance.backup.contents import SETTINGS_COPY
from appliance.backup.manifest import Manifest
from appliance.backup.prove import prove, refuse_without_room
from appliance.backup.restic import Repository, Snapshot
from appliance.backup.state import read_state
from appliance.storage.volume import refuse_if_closed
from core.errors import Refused
from core.settings import Backup, Settings, load, parse
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
    """*aside* is where the data lie that were there before, if there were any: a folder, or a schema of PostgreSQL."""

    manifest: Manifest
    settings: Settings
    aside: str = ""


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

    If *config* exists its paths and database are used; else the settings of the backed-up box are put there. A restore
    that was cut off while it put a set in its place is finished, whatever is wanted now.
    """
    keyring = parse_recovery_key(wanted.recovery_key)
    with tempfile.TemporaryDirectory(prefix="wellhouse-restore-", dir="/var/tmp") as cache:
        opened_by = Backup(credentials_file=wanted.credentials_file)
        place = Repository.of(wanted.target, keyring, opened_by, Path(cache))
        settings = load(config) if config.exists() else None
        if settings is not None:
            refuse_if_closed(settings)
        if settings is not None and (cut_off := placing.planned(settings, keyring)):
            return _finish(cut_off, settings, config, keyring, at=at, say=say)
        say("asking for the backups there")
        snapshots = place.snapshots(unreadable_too=bool(wanted.snapshot))
        chosen = _choose(snapshots, wanted.snapshot)
        if settings is None:
            settings = _settings_of(place, chosen)
            if cut_off := placing.planned(settings, keyring):
                return _finish(cut_off, settings, config, keyring, at=at, say=say)
        refuse_over_live_data(settings, wanted.replace)
        _refuse_without_account(settings)
        decided = _prepare(wanted, settings, keyring, place, snapshots, chosen, at=at, say=say)
    return _finish(decided, settings, config, keyring, at=at, say=say)


def refuse_over_live_data(settings: Settings, replacing: bool) -> None:
    """Refused if there are data that a restore would cover and nobody asked for that."""
    if replacing:
        return
    there = ""
    if settings.paths.database_file.exists():
        there = f"{settings.paths.database_file} exists."
    elif settings.database.engine == "postgresql" and not postgres_set.is_empty(settings):
        there = "The PostgreSQL database is not empty."
    if there:
        raise Refused(
            f"{there} To put the backup in its place (what is there is kept aside), stop Wellhouse and give --replace."
        )


def _prepare(
    wanted: Wanted,
    settings: Settings,
    keyring: Keyring,
    place: Repository,
    snapshots: list[Snapshot],
    chosen: Snapshot,
    *,
    at: datetime,
    say: Say,
) -> placing.Plan:
    """Fetch and prove the set; the plan to put it in its place. Refused, leaving nothing behind, if it is not good."""
    here = read_state(settings)
    scratch = placing.make_scratch(settings)
    try:
        refuse_without_room(scratch, place.size_bytes(chosen.id))
        say(f"fetching the set of {chosen.taken_at:%Y-%m-%d %H:%M} UTC")
        found = scratch / "set"
        place.restore(chosen.id, found)
        say("proving it")
        proved = prove(found, keyring, newer_than=0 if wanted.snapshot else here.newest)
        _refuse_other_engine(settings, proved)
        schema = ""
        if proved.engine == "postgresql":
            say("loading it into PostgreSQL")
            schema = postgres_set.load(settings, found / postgres_set.SQL_FILE, at=at)
        newest = max([here.number, proved.number, *(each.number for each in snapshots)])
        return placing.plan(settings, keyring, proved, newest=newest, schema=schema, at=at)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _finish(
    decided: placing.Plan, settings: Settings, config: Path, keyring: Keyring, *, at: datetime, say: Say
) -> Restored:
    say("putting it in place")
    aside = placing.carry_out(decided, settings, config, keyring, at=at)
    places = [*([str(aside)] if aside else []), *([f"the schema {decided.schema}"] if decided.schema else [])]
    return Restored(decided.manifest, settings, " and ".join(places))


def _choose(snapshots: list[Snapshot], wanted: str) -> Snapshot:
    if not snapshots:
        raise Refused("There is no backup at that target yet.")
    if not wanted:
        return snapshots[-1]
    matching = [snapshot for snapshot in snapshots if snapshot.id.startswith(wanted)]
    if len(matching) != 1:
        raise Refused(f"There is no single backup {wanted}. “wellhouse backup list” shows their names.")
    return matching[0]


def _settings_of(place: Repository, chosen: Snapshot) -> Settings:
    try:
        return parse(tomllib.loads(place.file(chosen.id, SETTINGS_COPY).decode()))
    except tomllib.TOMLDecodeError as e:
        raise Refused(f"The settings in the backup set {chosen.id[:8]} are damaged.") from e


def _refuse_without_account(settings: Settings) -> None:
    if not settings.users.portal:
        return
    try:
        pwd.getpwnam(settings.users.portal)
    except KeyError as e:
        raise Refused(
            f"There is no account {settings.users.portal} on this machine yet. Install Wellhouse with ./install.sh "
            "first, then restore with --replace."
        ) from e


def _refuse_other_engine(settings: Settings, proved: Manifest) -> None:
    if settings.database.engine != proved.engine:
        raise Refused(f"The backup is of {proved.engine}, and the settings here say {settings.database.engine}.")
