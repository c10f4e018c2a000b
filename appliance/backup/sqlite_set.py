"""Looking into a copied SQLCipher file without changing it."""

from __future__ import annotations

from pathlib import Path

from sqlcipher3 import dbapi2 as sqlcipher

from core.errors import Refused
from webapp.audit.anchor import Anchor
from webapp.crypto.keyring import Keyring

SQLITE_FILE = "wellhouse.db"
LAST_AUDIT_ROW = "SELECT sequence, mac, at FROM audit_event ORDER BY sequence DESC LIMIT 1"


def count_rows(file: Path, keyring: Keyring) -> dict[str, int]:
    """Rows of each table in an SQLCipher file."""
    connection = open_copy(file, keyring)
    try:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        names = [row[0] for row in connection.execute(query)]
        return {
            name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608  # from the schema
            for name in names
        }
    finally:
        connection.close()


def audit_end(file: Path, keyring: Keyring) -> Anchor:
    """The last row of the audit record in an SQLCipher file."""
    connection = open_copy(file, keyring)
    try:
        row = connection.execute(LAST_AUDIT_ROW).fetchone()
    finally:
        connection.close()
    return anchor_of(row)


def anchor_of(row: tuple[int, bytes, int] | None) -> Anchor:
    """What LAST_AUDIT_ROW found, on either database: the time is kept in microseconds."""
    return Anchor(row[0], bytes(row[1]).hex(), row[2] / 1_000_000) if row else Anchor()


def open_copy(file: Path, keyring: Keyring) -> sqlcipher.Connection:
    """A connection that only reads; Refused if the key does not fit."""
    connection = sqlcipher.connect(f"file:{file}?mode=ro&immutable=1", uri=True, isolation_level=None)
    try:
        connection.execute(f'PRAGMA key="{keyring.database_key()}"')
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.DatabaseError as e:
        connection.close()
        raise Refused("The recovery key does not open the database in this backup set.") from e
    return connection
