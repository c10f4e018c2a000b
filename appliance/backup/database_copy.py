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
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from sqlcipher3 import dbapi2 as sqlcipher

from appliance.backup.sqlite_set import SQLITE_FILE, count_rows
from core.errors import Refused, Unavailable
from core.settings import Settings
from webapp.crypto.keyring import Keyring

QUIET_WITHIN_S = 30.0  # how long to wait for a moment in which the log can be emptied
SQL_FILE = "wellhouse.sql"


@dataclass(frozen=True)
class Copied:
    """*file* is the copy; *rows* counts each table in it."""

    file: Path
    rows: dict[str, int]


def copy_database(settings: Settings, keyring: Keyring, folder: Path) -> Copied:
    """Copy the database of *settings* into *folder*. Unavailable if it never came to rest."""
    if settings.database.engine == "postgresql":
        return _dump(settings, folder / SQL_FILE)
    file = _copy_file(settings.paths.database_file, keyring.database_key(), folder / SQLITE_FILE)
    return Copied(file, count_rows(file, keyring))


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


def _dump(settings: Settings, target: Path) -> Copied:
    with psycopg.connect(settings.database.dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        exported = connection.execute("SELECT pg_export_snapshot()").fetchone()
        if exported is None:
            raise Unavailable("PostgreSQL did not hand out a snapshot.")
        rows = count_postgres_rows(connection)
        # Plain and uncompressed: restic finds the unchanged parts again, and compresses by itself.
        _run_client(
            "pg_dump", settings, "--no-owner", "--no-privileges", f"--snapshot={exported[0]}", f"--file={target}"
        )
    return Copied(target, rows)


def count_postgres_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of each table that *connection* sees."""
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    counted = {}
    for (name,) in names:
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(name))).fetchone()
        counted[name] = int(row[0]) if row else 0
    return counted


def load_dump(settings: Settings, dump: Path) -> None:
    """Put a dump into the empty PostgreSQL database of *settings*, all or nothing."""
    _run_client("psql", settings, "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={dump}")


def _run_client(program: str, settings: Settings, *arguments: str) -> None:
    where = conninfo_to_dict(settings.database.dsn)
    environment = {"PATH": "/usr/bin:/bin", "PGDATABASE": str(where.get("dbname", "wellhouse"))}
    for name, variable in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"), ("password", "PGPASSWORD")):
        if name in where:
            environment[variable] = str(where[name])  # not on the command line, which everybody may read
    done = subprocess.run(  # noqa: S603  # fixed programs
        [program, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Refused(f"{program} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else '?'}")
