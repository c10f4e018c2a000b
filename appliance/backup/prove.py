"""Proving a set before anybody relies on it: every byte as signed, the database whole, the audit record unbroken."""

from __future__ import annotations

import shutil
from pathlib import Path

from appliance.backup import manifest
from appliance.backup.manifest import Manifest
from appliance.backup.postgres_set import SQL_FILE, count_dumped
from appliance.backup.sqlite_set import SQLITE_FILE, audit_end, count_rows, open_copy
from core.errors import Refused
from webapp.crypto.keyring import Keyring

SPARE_BYTES = 200 * 1024**2  # the box goes on living while a set lies there

_OTHER_ROWS = "The database in this backup set does not hold the rows that its manifest names."


def prove(folder: Path, keyring: Keyring, *, newer_than: int = 0) -> Manifest:
    """The manifest of the set in *folder*, if all of it holds; else Refused says what does not.

    *newer_than* is the number of a set that is known to exist: an older one passed off as the newest is refused.
    """
    promised = manifest.read(folder, keyring)
    if promised.number < newer_than:
        raise Refused(
            f"This is backup number {promised.number}, but number {newer_than} was made after it. "
            "Somebody put an old set in its place; name the one you want with --snapshot."
        )
    _prove_files(folder, promised)
    database = SQLITE_FILE if promised.engine == "sqlite" else SQL_FILE
    if database not in promised.files:
        raise Refused(f"This backup set says that it is of {promised.engine}, and has no {database}.")
    if promised.engine == "sqlite":
        _prove_sqlite(folder / SQLITE_FILE, promised, keyring)
    elif count_dumped(folder / SQL_FILE) != promised.rows:
        raise Refused(_OTHER_ROWS)
    return promised


def refuse_without_room(folder: Path, needed_bytes: int) -> None:
    """Refused if a set of *needed_bytes* does not fit beside what is there."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes + SPARE_BYTES:
        raise Refused(
            f"The backup needs {needed_bytes / 1e9:.1f} GB in {folder}, and {free_bytes / 1e9:.1f} GB are free. "
            "Make room there first."
        )


def _prove_files(folder: Path, promised: Manifest) -> None:
    found = manifest.digests(folder)
    if missing := sorted(set(promised.files) - set(found)):
        raise Refused(f"This backup set lacks {missing[0]}.")
    if foreign := sorted(set(found) - set(promised.files)):
        raise Refused(f"This backup set holds {foreign[0]}, which does not belong to it.")
    if altered := sorted(name for name, value in promised.files.items() if found[name] != value):
        raise Refused(f"{altered[0]} in this backup set was altered or is damaged.")


def _prove_sqlite(file: Path, promised: Manifest, keyring: Keyring) -> None:
    connection = open_copy(file, keyring)
    try:
        damage = connection.execute("PRAGMA cipher_integrity_check").fetchall()
        damage += [row for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]
    finally:
        connection.close()
    if damage:
        raise Refused(f"The database in this backup set is damaged: {damage[0][0]}.")
    if count_rows(file, keyring) != promised.rows or audit_end(file, keyring) != promised.audit:
        raise Refused(_OTHER_ROWS)
