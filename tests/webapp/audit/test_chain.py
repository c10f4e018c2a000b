"""The record notices whatever is done to it by somebody who has the database but not the key."""

from __future__ import annotations

import uuid

import peewee
import pytest

from core.settings import Settings
from tests.webapp.at_once import at_once
from webapp.access.actor import SYSTEM, Actor, Role
from webapp.audit import chain
from webapp.audit.events import Action, Event, Outcome
from webapp.audit.models import AuditEvent, AuditHead
from webapp.db import triggers
from webapp.db.database import db, writing
from webapp.db.unit import unit

SOMEBODY = Actor(role=Role.PROVIDER, account=uuid.uuid4(), session=uuid.uuid4(), address="192.0.2.1")
ROWS = 6


@pytest.fixture
def record(database: Settings) -> None:
    """Six rows of everybody's acts, of every kind that a row can have."""
    for number in range(ROWS):
        client = uuid.uuid4() if number % 2 else None
        outcome = Outcome.REFUSED if number == 3 else Outcome.DONE
        about = {"note": uuid.uuid4(), "count": number, "endpoint": "Ünïcode — ✓"}
        with unit(Event(Action.CLIENT_VIEWED, SOMEBODY, client=client, about=about, outcome=outcome)):
            pass
    assert chain.verify() == chain.Verdict(ROWS, "")


def tamper(sql: str, *values: int) -> None:
    """What an attacker does who can write to the database, past the triggers. Marks are question marks."""
    token = writing.set(True)
    try:
        for trigger in triggers.declared():
            if trigger.table == "audit_event":
                on = f' ON "{trigger.table}"' if isinstance(db.obj, peewee.PostgresqlDatabase) else ""
                db.execute_sql(f"DROP TRIGGER IF EXISTS {trigger.name}{on}")
        db.execute_sql(sql.replace("?", db.obj.param), values)
    finally:
        writing.reset(token)


EDITS = {
    "action": "UPDATE audit_event SET action = 'client.listed' WHERE sequence = 2",
    "outcome": "UPDATE audit_event SET outcome = 'refused' WHERE sequence = 2",
    "role": "UPDATE audit_event SET role = 'client' WHERE sequence = 2",
    "address": "UPDATE audit_event SET address = '198.51.100.7' WHERE sequence = 2",
    "at": "UPDATE audit_event SET at = at + 1 WHERE sequence = 2",
    "account": "UPDATE audit_event SET account = NULL WHERE sequence = 2",
    "session": "UPDATE audit_event SET session = NULL WHERE sequence = 2",
    "client": "UPDATE audit_event SET client = NULL WHERE sequence = 2",
    "about": "UPDATE audit_event SET about = '{}' WHERE sequence = 2",
}


@pytest.mark.parametrize("column", EDITS)
def test_edited_column_is_noticed_and_its_row_named(record: None, column: str) -> None:
    tamper(EDITS[column])
    verdict = chain.verify()
    assert verdict.rows == 1
    assert verdict.fault.startswith("Row 2 of the audit record was edited or moved (2")


def test_every_column_is_covered(record: None) -> None:
    assert set(EDITS) | {"sequence", "mac"} == set(AuditEvent._meta.columns)


def test_row_whose_mac_was_made_up_is_noticed(record: None) -> None:
    tamper("UPDATE audit_event SET mac = (SELECT mac FROM audit_event WHERE sequence = 5) WHERE sequence = 4")
    assert "Row 4 " in chain.verify().fault


def test_removed_row_is_noticed(record: None) -> None:
    tamper("DELETE FROM audit_event WHERE sequence = 3")
    assert chain.verify().fault == "Row 3 of the audit record is missing: the next one is 4."


def test_removed_row_with_the_others_moved_up_is_noticed(record: None) -> None:
    tamper("DELETE FROM audit_event WHERE sequence = 3")
    for sequence in range(4, ROWS + 1):
        tamper("UPDATE audit_event SET sequence = ? WHERE sequence = ?", sequence - 1, sequence)
    tamper("UPDATE audit_head SET sequence = ?", ROWS - 1)
    assert "Row 3 " in chain.verify().fault


def test_swapped_rows_are_noticed(record: None) -> None:
    for old, new in ((2, 100), (3, 2), (100, 3)):
        tamper("UPDATE audit_event SET sequence = ? WHERE sequence = ?", new, old)
    assert "Row 2 " in chain.verify().fault


def test_cut_off_end_is_noticed(record: None) -> None:
    tamper("DELETE FROM audit_event WHERE sequence > ?", ROWS - 2)
    assert chain.verify().fault == f"The audit record ends at row {ROWS - 2}, but should end at row {ROWS}."


def test_cut_off_end_with_a_head_to_match_is_noticed(record: None) -> None:
    tamper("DELETE FROM audit_event WHERE sequence > ?", ROWS - 2)
    tamper("UPDATE audit_head SET sequence = ?", ROWS - 2)
    assert chain.verify().fault != ""


def test_lost_head_is_noticed(record: None) -> None:
    tamper("DELETE FROM audit_head")
    assert chain.verify().fault == "The head of the audit record is missing."


def test_row_added_from_outside_is_noticed(record: None) -> None:
    tamper(
        "INSERT INTO audit_event (sequence, at, action, outcome, account, role, session, address, client, about, mac) "
        "SELECT sequence + 1, at, action, outcome, account, role, session, address, client, about, mac "
        "FROM audit_event WHERE sequence = ?",
        ROWS,
    )
    assert f"Row {ROWS + 1} " in chain.verify().fault


def test_whole_record_made_with_another_key_is_noticed(record: None) -> None:
    chain.use_key(b"another key, of thirty-two bytes")
    assert "Row 1 " in chain.verify().fault


def test_empty_record_is_whole(database: Settings) -> None:
    assert chain.verify() == chain.Verdict(0, "")


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_event SET role = 'admin'", "DELETE FROM audit_event", "UPDATE audit_event SET sequence = 9"]
)
def test_database_itself_refuses_to_change_the_record(record: None, sql: str) -> None:
    with pytest.raises(peewee.DatabaseError, match="cannot be changed"), unit(Event(Action.CLIENT_VIEWED, SYSTEM)):
        db.execute_sql(sql)
    assert chain.verify() == chain.Verdict(ROWS, "")


def test_many_at_once_make_one_chain(database: Settings) -> None:
    def act(_number: int) -> None:
        with unit(Event(Action.CLIENT_VIEWED, SOMEBODY), Event(Action.CLIENT_LISTED, SOMEBODY)):
            pass

    assert at_once(8, act) == {"done": 8}
    assert chain.verify() == chain.Verdict(16, "")
    assert AuditHead.get().sequence == 16
