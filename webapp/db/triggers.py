"""Rules that the database itself keeps, declared in code beside the tables they guard.

A table rebuild during a migration silently drops triggers on SQLite, so all of them are made again after every
migration and looked at whenever a process starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import peewee

from core.errors import Refused
from webapp.db.database import db, writing


@dataclass(frozen=True)
class Trigger:
    """Refuses *verb* (UPDATE or DELETE) on *table* with *sentence*; for UPDATE, only of *columns* if there are any."""

    table: str
    verb: str
    sentence: str
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.table}_refuses_{self.verb.lower()}"


_declared: dict[str, Trigger] = {}


def append_only(table: str, sentence: str) -> None:
    """Rows of *table* are never changed or removed."""
    for verb in ("UPDATE", "DELETE"):
        _declare(Trigger(table, verb, sentence))


def fixed_columns(table: str, columns: tuple[str, ...], sentence: str) -> None:
    """*columns* of *table* never change once a row exists, and its rows are never removed."""
    _declare(Trigger(table, "UPDATE", sentence, columns))
    _declare(Trigger(table, "DELETE", sentence))


def declared() -> tuple[Trigger, ...]:
    """All triggers that must exist. The models must have been imported."""
    return tuple(_declared.values())


def make_all() -> None:
    """Drop and create every declared trigger."""
    token = writing.set(True)
    try:
        with db.atomic():
            for trigger in declared():
                for statement in _statements(trigger):
                    db.execute_sql(statement)
    finally:
        writing.reset(token)


def verify() -> None:
    """Refused, naming them, if declared triggers are not in the database."""
    missing = sorted({trigger.name for trigger in declared()} - _existing())
    if missing:
        raise Refused(
            f"The database has lost its safeguards {', '.join(missing)}. Run “wellhouse configure” to make them again."
        )


def _declare(trigger: Trigger) -> None:
    _declared[trigger.name] = trigger


def _existing() -> set[str]:
    if _postgres():
        rows = db.execute_sql("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal").fetchall()
    else:
        rows = db.execute_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    return {row[0] for row in rows}


def _statements(trigger: Trigger) -> tuple[str, ...]:
    # Names and sentences are constants of this code base, not input.
    name, table, verb = trigger.name, trigger.table, trigger.verb
    sentence = trigger.sentence.replace("'", "''")
    of = f" OF {', '.join(trigger.columns)}" if trigger.columns else ""
    if _postgres():
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$",
            f'DROP TRIGGER IF EXISTS {name} ON "{table}"',
            f'CREATE TRIGGER {name} BEFORE {verb}{of} ON "{table}" FOR EACH ROW EXECUTE FUNCTION {name}()',
        )
    return (
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE {verb}{of} ON \"{table}\" BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
    )


def _postgres() -> bool:
    return isinstance(db.obj, peewee.PostgresqlDatabase)
