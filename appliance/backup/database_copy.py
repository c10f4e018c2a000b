"""A consistent copy of the database that shares nearly all its bytes with the copy before.

An SQLite backup() or VACUUM INTO of an encrypted database shares no page with the last one, because every page is
encrypted anew. So the log is written back into the file, writers are held for as long as the file is copied, and the
copy is the file itself.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3 import dbapi2 as sqlcipher

from appliance.backup import postgres_set
from appliance.backup.postgres_set import SQL_FILE
from appliance.backup.sqlite_set import SQLITE_FILE, audit_end, count_rows
from core.errors import Unavailable
from core.settings import Settings
from webapp.audit.anchor import Anchor
from webapp.crypto.keyring import Keyring

QUIET_WITHIN_S = 30.0  # how long to wait for a moment in which the log can be emptied


@dataclass(frozen=True)
class Copied:
    """*file* is the copy; *rows* counts each table in it; *audit* is the last row of its audit record."""

    file: Path
    rows: dict[str, int]
    audit: Anchor


def copy_database(settings: Settings, keyring: Keyring, folder: Path) -> Copied:
    """Copy the database of *settings* into *folder*. Unavailable if it never came to rest."""
    if settings.database.engine == "postgresql":
        dumped = postgres_set.dump(settings, folder / SQL_FILE)
        return Copied(folder / SQL_FILE, dumped.rows, dumped.audit)
    file = _copy_file(settings.paths.database_file, keyring.database_key(), folder / SQLITE_FILE)
    return Copied(file, count_rows(file, keyring), audit_end(file, keyring))


def _copy_file(source: Path, key: str, target: Path) -> Path:
    connection = sqlcipher.connect(str(source), isolation_level=None, timeout=10)
    try:
        connection.execute(f'PRAGMA key="{key}"')
        _hold_writers_over_an_empty_log(connection, source)
        # In a process of its own: if this one opened and closed the file a second time, POSIX would
        # release SQLite's locks on it.
        done = subprocess.run(  # noqa: S603  # fixed program, our own paths
            ["/bin/cp", "--reflink=auto", "--", str(source), str(target)], capture_output=True, text=True, check=False
        )
        connection.execute("ROLLBACK")
    finally:
        connection.close()
    if done.returncode != 0:
        raise Unavailable(f"The database could not be copied: {done.stderr.strip()}. Is the disk full?")
    return target


def _hold_writers_over_an_empty_log(connection: sqlcipher.Connection, source: Path) -> None:
    log = source.with_name(f"{source.name}-wal")
    deadline = time.monotonic() + QUIET_WITHIN_S
    while True:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("BEGIN IMMEDIATE")
        if not log.exists() or log.stat().st_size == 0:
            return
        connection.execute("ROLLBACK")  # somebody wrote in between
        if time.monotonic() > deadline:
            raise Unavailable("The database was too busy to be copied. It is tried again with the next backup.")
        time.sleep(0.05)
