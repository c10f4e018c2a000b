"""Putting a proved set in the place of what is there, so that being cut off in the middle does no harm.

The set lies in ``.restore/set`` in the data folder, on the same file system as what it replaces (which may be a volume
of its own, so the data folder itself cannot be renamed). Once it is proved a plan is written beside it; from then on
only renames are left, each of which can be done again. Until the plan is gone the box does not start.
"""

from __future__ import annotations

import os
import shutil
import stat
from datetime import datetime
from pathlib import Path

import msgspec

from appliance import audit_anchor
from appliance.backup.contents import DATA_FOLDERS, put_back_files
from appliance.backup.giving import give
from appliance.backup.manifest import Manifest
from appliance.backup.postgres_set import SQL_FILE
from appliance.backup.sqlite_set import SQLITE_FILE
from appliance.backup.state import begin_anew, workplace
from appliance.configure.files import owner, write
from appliance.keys.change import adopt
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring

ASIDE = "before-restore-"

# What belongs to the database that is replaced, or is made anew by the new one's worker.
_GONE_WITH_THE_OLD = (
    SQLITE_FILE,
    f"{SQLITE_FILE}-wal",
    f"{SQLITE_FILE}-shm",
    "queue.db",
    "queue.db-wal",
    "queue.db-shm",
)


class Plan(msgspec.Struct, frozen=True):
    """What is being put in place. *names* are those that the set has; *fits* tells the recovery key that opened it;
    *newest* is the highest number of a set that is known to exist; *schema* holds what PostgreSQL held before, which
    has its new rows already.
    """

    manifest: Manifest
    names: tuple[str, ...]
    aside: str
    fits: str
    newest: int
    schema: str


def scratch(settings: Settings) -> Path:
    """Where a set is fetched and proved."""
    return Path(settings.paths.data) / ".restore"


def make_scratch(settings: Settings) -> Path:
    """The same, empty, for root alone; on a bare machine with the data folder around it."""
    data = Path(settings.paths.data)
    if not data.exists():
        data.mkdir(parents=True, mode=0o700)
        give_to_portal([data], settings)
    _clear(scratch(settings))
    scratch(settings).mkdir(mode=0o700)
    return scratch(settings)


def refuse_half_restored(settings: Settings) -> None:
    """Refused if a restore was cut off while it put the set in its place."""
    if _is_planned(settings):
        raise Refused(
            "A restore was cut off while it put the backup in its place. Nothing is lost: run the same "
            "“wellhouse restore” again, and it goes on where it stopped."
        )


def planned(settings: Settings, keyring: Keyring) -> Plan | None:
    """The plan of a restore that was cut off, if there is one. Refused if it was made with another recovery key."""
    if not _is_planned(settings):
        return None
    plan = msgspec.json.decode(_plan_file(settings).read_bytes(), type=Plan)
    if plan.fits != _fingerprint(keyring):
        raise Refused("A restore with another recovery key was cut off here. Finish it with that key first.")
    return plan


def plan(settings: Settings, keyring: Keyring, proved: Manifest, *, newest: int, schema: str, at: datetime) -> Plan:
    """Decide on the set in the scratch folder: from here on there is only forward."""
    found = scratch(settings) / "set"
    names = tuple(name for name in (*DATA_FOLDERS, SQLITE_FILE, SQL_FILE) if (found / name).exists())
    os.sync()  # every byte of the set is on the disk before anything makes way for it
    decided = Plan(proved, names, _free_name(settings, at), _fingerprint(keyring), newest, schema)
    write(_plan_file(settings), msgspec.json.encode(decided), mode=0o600)
    return decided


def carry_out(decided: Plan, settings: Settings, config: Path, keyring: Keyring, *, at: datetime) -> Path | None:
    """Put the set in its place; the folder in which lies what was there, if anything was. May be called again."""
    data, found = Path(settings.paths.data), scratch(settings) / "set"
    aside = data / decided.aside
    last = SQLITE_FILE if SQLITE_FILE in decided.names else SQL_FILE
    if (found / last).exists():
        for name in (*_GONE_WITH_THE_OLD, *DATA_FOLDERS):
            # What the set has too makes way in its turn: a second call would else take the new for the old.
            if name not in decided.names:
                _move_aside(data / name, aside)
        for name in decided.names:
            if name != last and (found / name).exists():
                _move_aside(data / name, aside)
                (found / name).rename(data / name)
        if last == SQLITE_FILE:
            _move_aside(data / last, aside)
            (found / last).rename(data / last)
        else:
            (found / last).unlink()
    put_back_files(found, config, settings)
    adopt(settings, keyring, at=at)
    _clear(workplace(settings))
    begin_anew(settings, decided.newest)
    audit_anchor.forget(settings)
    give_to_portal([data / name for name in (*DATA_FOLDERS, SQLITE_FILE, "backup")], settings)
    _give_to_media_server(data / "rtc", settings)
    _plan_file(settings).unlink()
    shutil.rmtree(scratch(settings))
    return aside if aside.exists() else None


def _free_name(settings: Settings, at: datetime) -> str:
    name = wanted = f"{ASIDE}{at:%Y%m%d-%H%M%S}"
    again = 1
    while (Path(settings.paths.data) / name).exists():
        again += 1
        name = f"{wanted}-{again}"
    return name


def _move_aside(path: Path, aside: Path) -> None:
    if path.exists():
        aside.mkdir(mode=0o700, exist_ok=True)
        path.rename(aside / path.name)


def give_to_portal(paths: list[Path], settings: Settings) -> None:
    """Make the portal's account the owner of *paths* and all in them, where this is root's to do."""
    if os.geteuid() != 0 or not settings.users.portal:
        return
    for path in paths:
        give(path, owner(settings.users.portal))


def _give_to_media_server(folder: Path, settings: Settings) -> None:
    """Its account reads the spool before it writes it anew; the portal's alone would keep it from starting."""
    if os.geteuid() == 0 and settings.users.rtc:
        give(folder, owner(settings.users.rtc, group_of=settings.users.portal))


def _clear(folder: Path) -> None:
    """Have nothing where *folder* is; of a link that somebody put there, the link alone goes."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _is_planned(settings: Settings) -> bool:
    """Whether there is a plan in a folder that root, or whoever restores, has made and nobody else could write into.

    The data folder around it is the portal's: a plan of its making would have root rename anything to anywhere.
    """
    try:
        status = scratch(settings).lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid in (0, os.geteuid()) and _plan_file(settings).exists()


def _plan_file(settings: Settings) -> Path:
    return scratch(settings) / "plan.json"


def _fingerprint(keyring: Keyring) -> str:
    return keyring.hash_key("restore").hex()
