"""Whom coturn lets in: one secret for each person in a room, in a file that coturn asks about each new guest.

A credential of the usual scheme is good until its time is over, whatever has happened to the person meanwhile. With a
secret of their own it ends the moment their row is gone. Allocations that were made before live on for as long as
they are kept up, and lead to a media server that no longer answers.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from core.errors import Unavailable
from core.ids import new_token
from core.settings import Settings

BUSY_S = 1.0  # coturn reads a few rows, others write one

# The names of tables and columns are coturn's (its schema.sql, 4.6); participant and ends_at are ours. The four that
# stay empty are those in which it looks for more settings, and about whose absence it would complain every minute.
_TABLES = """
PRAGMA journal_mode = DELETE;
CREATE TABLE IF NOT EXISTS turn_secret (
    realm TEXT NOT NULL, value TEXT NOT NULL, participant TEXT NOT NULL UNIQUE, ends_at INTEGER NOT NULL,
    PRIMARY KEY (realm, value)
);
CREATE TABLE IF NOT EXISTS turn_origin_to_realm (origin TEXT PRIMARY KEY, realm TEXT);
CREATE TABLE IF NOT EXISTS turn_realm_option (realm TEXT, opt TEXT, value TEXT, PRIMARY KEY (realm, opt));
CREATE TABLE IF NOT EXISTS allowed_peer_ip (realm TEXT, ip_range TEXT, PRIMARY KEY (realm, ip_range));
CREATE TABLE IF NOT EXISTS denied_peer_ip (realm TEXT, ip_range TEXT, PRIMARY KEY (realm, ip_range));
"""


def make(file: Path) -> None:
    """An empty list of guests at *file*; one that is there stays as it is."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=BUSY_S)) as connection:
        connection.executescript(_TABLES)


def let_in(settings: Settings, participant: uuid.UUID, *, until: datetime, at: datetime) -> str:
    """The secret by which coturn knows *participant* from now on, *until* then; one from before is void.

    Unavailable if the list cannot be written.
    """
    secret = new_token()
    with _writing(settings) as connection:
        connection.execute("DELETE FROM turn_secret WHERE ends_at <= ?", (int(at.timestamp()),))
        connection.execute(
            "INSERT OR REPLACE INTO turn_secret (realm, value, participant, ends_at) VALUES (?, ?, ?, ?)",
            (settings.site.hostname, secret, str(participant), int(until.timestamp())),
        )
    return secret


def turn_away(settings: Settings, participants: Iterable[uuid.UUID]) -> None:
    """From now on coturn knows none of them. Unavailable if the list cannot be written."""
    with _writing(settings) as connection:
        gone = [(str(participant),) for participant in participants]
        connection.executemany("DELETE FROM turn_secret WHERE participant = ?", gone)


@contextmanager
def _writing(settings: Settings) -> Iterator[sqlite3.Connection]:
    """One transaction. The file is made by “wellhouse configure” alone, as coturn must be able to read it."""
    file = settings.paths.relay_guests
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=BUSY_S)) as connection:
            # In memory on a box, and worth nothing once coturn has ended: no sync, a person waits for it.
            connection.execute("PRAGMA synchronous = OFF")
            with connection:
                yield connection
    except sqlite3.Error as e:
        raise Unavailable("The relay for guests cannot be told who may use it. Please try again in a moment.") from e
