"""Opening the database: SQLCipher on this box, or PostgreSQL. Nothing plain is ever opened.

Writes are refused outside a unit of work (webapp.db.unit), whoever makes them and by whatever call.
"""

from __future__ import annotations

import random
import re
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import peewee
from playhouse.pool import _PooledSqliteDatabase
from playhouse.postgres_ext import PooledPsycopg3Database
from playhouse.sqlcipher_ext import SqlCipherDatabase
from psycopg.conninfo import conninfo_to_dict
from sqlcipher3 import dbapi2 as sqlcipher

from core.errors import Refused, Unavailable
from core.settings import Settings
from webapp.crypto.keyring import Keyring

PLAIN_SQLITE = b"SQLite format 3\x00"
LOCK_WAIT_S = 5.0  # how long a unit tries to become the one writer before it gives up
CONNECTIONS_MAX = 64  # per process: more greenlets than this wait for a connection

_WRITES = re.compile(
    r"^\s*(insert|update|delete|replace|merge|truncate|with\b.*\b(insert|update|delete)\b)", re.I | re.S
)

db = peewee.DatabaseProxy()  # bound by open_database; models name it in their Meta

# True while a unit of work (or named housekeeping, or a migration) is open in this context.
writing: ContextVar[bool] = ContextVar("writing", default=False)


class WriteOutsideUnit(Exception):
    """A programming fault: INSERT, UPDATE or DELETE without a unit and so without its audit row."""


class _GuardedWrites:
    """Refuses writes outside a unit; mixed in before a peewee database class."""

    def execute_sql(self, sql: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not writing.get() and _WRITES.match(sql):
            raise WriteOutsideUnit(f"open a unit of work around: {sql[:120]}")
        return super().execute_sql(sql, params, *args, **kwargs)  # type: ignore[misc]  # peewee's, by the other base


class _QuietSqlCipher(SqlCipherDatabase):  # type: ignore[misc]  # untyped base
    """A new connection (below the pool, which hands out old ones first)."""

    def _connect(self) -> Any:
        # Quiet before keying: else the library writes to standard error when the key does not fit, where people see it.
        parameters = dict(self.connect_params)
        key = parameters.pop("passphrase")
        connection = sqlcipher.connect(self.database, isolation_level=None, **parameters)
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f'PRAGMA key = "{key}"')
            self._add_conn_hooks(connection)
        except BaseException:
            connection.close()
            raise
        return connection


class EncryptedSqlite(_GuardedWrites, _PooledSqliteDatabase, _QuietSqlCipher):  # type: ignore[misc]  # untyped bases
    """SQLCipher with a pool. ``busy_timeout`` is 0: waiting inside SQLite would stop every greenlet of the process."""

    def begin(self, lock_type: str | None = None) -> None:
        """Become the writer, trying again for LOCK_WAIT_S while another unit is open."""
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                super().begin(lock_type)
            except peewee.OperationalError as e:
                if "locked" not in str(e):
                    raise
                if time.monotonic() > deadline:
                    raise Unavailable("The box is busy saving other things. Please try again in a moment.") from e
                time.sleep(random.uniform(0.005, 0.025))  # noqa: S311  # only spreads the retries
            else:
                return


class EncryptedPostgres(_GuardedWrites, PooledPsycopg3Database):  # type: ignore[misc]  # untyped bases
    """PostgreSQL over psycopg 3; its data directory is encrypted by the volume below it."""


def open_database(settings: Settings, keyring: Keyring) -> peewee.Database:
    """Open the database of *settings*, prove that it is encrypted and that the key fits, and bind the models to it.

    Refused names the file when it is plain SQLite, was made with another key, or is damaged.
    """
    database: peewee.Database
    if settings.database.engine == "postgresql":
        where = conninfo_to_dict(settings.database.dsn)
        name = where.pop("dbname", "wellhouse")
        database = EncryptedPostgres(
            name, max_connections=CONNECTIONS_MAX, stale_timeout=300, timeout=LOCK_WAIT_S, **where
        )
        try:
            database.connect()
        except peewee.OperationalError as e:
            raise Refused(f"PostgreSQL does not answer at “{settings.database.dsn}”. Is it running? {e}") from e
    else:
        database = _open_sqlite(settings.paths.database_file, keyring.database_key())
    database.close()
    db.initialize(database)
    return database


def _open_sqlite(file: Path, key: str) -> EncryptedSqlite:
    if file.exists():
        with file.open("rb") as f:
            if f.read(len(PLAIN_SQLITE)) == PLAIN_SQLITE:
                raise Refused(f"{file} is not encrypted. Wellhouse does not open a plain database; restore a backup.")
    database = EncryptedSqlite(
        str(file),
        passphrase=key,
        # FULL: WAL with NORMAL may lose an acknowledged commit when the power fails.
        pragmas={"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "busy_timeout": 0},
        lock_type="IMMEDIATE",
        max_connections=CONNECTIONS_MAX,
        stale_timeout=300,
        timeout=LOCK_WAIT_S,
        check_same_thread=False,
    )
    try:
        database.connect()
        if not database.execute_sql("PRAGMA cipher_version").fetchone():
            raise Refused("This Python's SQLite has no encryption. Install the locked requirements again.")
        database.execute_sql("SELECT count(*) FROM sqlite_master").fetchone()
    except peewee.DatabaseError as e:
        if "not a database" in str(e):
            raise Refused(
                f"The key in use does not open {file}. The file is untouched: put back the master key that belongs "
                "to it (from the recovery sheet), or restore the backup made with this key."
            ) from e
        raise Refused(f"{file} cannot be opened: {e}. Restore it from a backup.") from e
    return database
