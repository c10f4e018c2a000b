"""Units of work: rows and their audit row commit together or not at all."""

from __future__ import annotations

import uuid

import peewee
import pytest

from core.clock import utcnow
from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.audit import chain
from webapp.audit.events import Action, Event
from webapp.audit.models import AuditEvent
from webapp.db.database import WriteOutsideUnit, db, writing
from webapp.db.unit import current_unit, housekeeping, unit
from webapp.outbox.models import Notice, NoticeKind
from webapp.outbox.notices import notify
from webapp.practice.models import Practice

SAVED = Event(Action.PRACTICE_SAVED, SYSTEM)


def save(name: str = "Cedar Hollow") -> None:
    Practice.insert(
        id=1, name=name, phone="", address="", time_zone="UTC", waiting_text="", introduction="", saved_at=utcnow()
    ).execute()


def test_unit_keeps_its_rows_and_its_event(database: Settings) -> None:
    with unit(SAVED):
        save()
    assert Practice.get().name == "Cedar Hollow"
    assert AuditEvent.get().action is Action.PRACTICE_SAVED


def test_roll_back_loses_both_and_runs_nothing_afterwards(database: Settings) -> None:
    ran: list[str] = []

    def act() -> None:
        with unit(SAVED) as work:
            save()
            work.after_commit(lambda: ran.append("after"))
            notify([uuid.uuid4()], NoticeKind.CHAT, uuid.uuid4(), at=utcnow())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Practice.select().exists()
    assert not Notice.select().exists()
    assert chain.verify() == chain.Verdict(0, "")
    assert ran == []


def test_what_fails_at_the_very_end_rolls_everything_back(database: Settings) -> None:
    def act() -> None:
        with unit(SAVED) as work:
            save()
            work.before_commit(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Practice.select().exists()
    assert chain.verify() == chain.Verdict(0, "")


def test_unit_inside_a_unit_joins_it(database: Settings) -> None:
    def act() -> None:
        with unit(SAVED):
            with unit(Event(Action.SETUP_FINISHED, SYSTEM)):
                save()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Practice.select().exists()
    with unit(SAVED), unit(Event(Action.SETUP_FINISHED, SYSTEM)):
        save()
    assert [row.action for row in AuditEvent.select().order_by(AuditEvent.sequence)] == [
        Action.PRACTICE_SAVED,
        Action.SETUP_FINISHED,
    ]


def test_unit_that_records_nothing_commits_nothing(database: Settings) -> None:
    with pytest.raises(RuntimeError, match="records no event"), unit():
        save()
    assert not Practice.select().exists()


def test_hooks_run_once_the_rows_are_safe(database: Settings) -> None:
    seen: list[bool] = []
    with unit(SAVED) as work:
        work.after_commit(lambda: seen.append(db.in_transaction()))
        save()
        assert seen == []
    assert seen == [False]


def update() -> None:
    Practice.update(name="x").execute()


def raw_insert() -> None:
    db.execute_sql("INSERT INTO practice (id) VALUES (1)")


def hidden_delete() -> None:
    db.execute_sql("WITH doomed AS (SELECT 1) DELETE FROM practice")


def many() -> None:
    Practice.insert_many([{"id": 1}]).execute()


@pytest.mark.parametrize("write", [save, update, raw_insert, hidden_delete, many])
def test_write_outside_a_unit_is_refused_by_whatever_call(database: Settings, write: object) -> None:
    with pytest.raises(WriteOutsideUnit, match="open a unit"):
        write()  # type: ignore[operator]
    assert not Practice.select().exists()


def test_write_after_a_unit_is_refused_again(database: Settings) -> None:
    with unit(SAVED):
        save()
    with pytest.raises(WriteOutsideUnit):
        update()
    with pytest.raises(ZeroDivisionError), unit(SAVED):
        raise ZeroDivisionError
    with pytest.raises(WriteOutsideUnit):
        update()
    assert not writing.get()


def test_what_belongs_into_a_unit_says_so(database: Settings) -> None:
    with pytest.raises(RuntimeError, match="inside a unit"):
        current_unit()


def test_housekeeping_must_say_why(database: Settings) -> None:
    with pytest.raises(TypeError), housekeeping(""):
        save()
    with housekeeping("this test"):
        save()
    assert Practice.select().exists()
    assert chain.verify() == chain.Verdict(0, "")


def test_failed_statement_leaves_the_connection_usable(database: Settings) -> None:
    with unit(SAVED):
        save()
    with pytest.raises(peewee.IntegrityError), unit(SAVED):
        save()
    with unit(SAVED):
        update()
    assert Practice.get().name == "x"
