"""Bringing the database to the shape this version expects."""

from __future__ import annotations

from pathlib import Path

import peewee
from playhouse.migrations import Runner

from core.errors import Refused
from webapp.db import triggers
from webapp.db.database import db, writing

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: peewee.Database, directory: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing, in order, then make and check the triggers; the names of what was applied.

    The caller has imported every feature's models (webapp.app.import_models), which declare the triggers.
    """
    allowed = writing.set(True)
    try:
        with database.connection_context():
            applied: list[str] = Runner(database, str(directory)).up()
            triggers.make_all()
            triggers.verify()
    finally:
        writing.reset(allowed)
    return applied


def refuse_if_behind(database: peewee.Database, directory: Path = MIGRATIONS) -> None:
    """Refused if the database has another shape than this version's, or has lost a trigger."""
    with database.connection_context():
        rows = Runner(database, str(directory)).status()
        pending = [row.name for row in rows if not row.applied]
        unknown = [row.name for row in rows if row.path is None]
        if pending:
            raise Refused(f"The database awaits {pending[0]}. Run “wellhouse configure”, which brings it up to date.")
        if unknown:
            raise Refused(f"The database is newer than this program (it has {unknown[0]}). Install the newer version.")
        triggers.verify()
        db.execute_sql("SELECT 1")
