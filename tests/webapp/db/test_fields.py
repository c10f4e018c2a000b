"""Sealed columns, moments and closed sets."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.settings import Settings
from webapp.access.actor import Role
from webapp.crypto.seal import SealBroken
from webapp.db import fields
from webapp.db.database import db, writing
from webapp.db.unit import housekeeping


class Letter(fields.Row):
    """A table of this test's own."""

    body = fields.SealedText(of=fields.Of.CLIENT, null=True)
    subject = fields.SealedText(of=fields.Of.ACCOUNT, null=True)
    sent_at = fields.Moment(null=True)
    role = fields.Choice(Role, null=True)
    facts = fields.PlainJson(why="this test", null=True)


class Postcard(fields.Row):
    """Another one, with a column of the same name."""

    body = fields.SealedText(of=fields.Of.CLIENT, null=True)


@pytest.fixture
def letters(database: Settings) -> Iterator[None]:
    token = writing.set(True)
    db.create_tables([Letter, Postcard])
    yield
    writing.reset(token)


def raw(table: str, column: str) -> bytes:
    return bytes(db.execute_sql(f'SELECT "{column}" FROM "{table}"').fetchone()[0])  # noqa: S608  # names of this test


def put(table: str, column: str, value: bytes) -> None:
    db.execute_sql(f'UPDATE "{table}" SET "{column}" = {db.obj.param}', (value,))  # noqa: S608  # names of this test


def test_sealed_text_comes_back_and_lies_unreadable(letters: None) -> None:
    Letter.create(body="Ich träume schlecht. 🌊", subject="")
    assert Letter.get().body == "Ich träume schlecht. 🌊"
    assert Letter.get().subject == ""
    assert len(raw("letter", "body")) == 3 + 12 + len("Ich träume schlecht. 🌊".encode()) + 16
    assert b"schlecht" not in raw("letter", "body")


def test_nothing_stays_nothing(letters: None) -> None:
    Letter.create()
    assert Letter.get().body is None


def test_same_text_is_sealed_differently_each_time(letters: None) -> None:
    Letter.create(body="the same")
    first = raw("letter", "body")
    letter = Letter.get()
    letter.body = "the same"
    letter.save()
    assert raw("letter", "body") != first


@pytest.mark.parametrize("position", [0, 1, 2, 5, 14, 15, 20, -16, -1])
def test_one_flipped_bit_anywhere_is_refused(letters: None, position: int) -> None:
    Letter.create(body="twenty letters, more")
    sealed = bytearray(raw("letter", "body"))
    sealed[position] ^= 1
    put("letter", "body", bytes(sealed))
    with pytest.raises(SealBroken, match=r"letter\.body"):
        _ = Letter.get().body


@pytest.mark.parametrize("length", [0, 1, 3, 15, 30])
def test_cut_short_value_is_refused(letters: None, length: int) -> None:
    Letter.create(body="twenty letters, more")
    put("letter", "body", raw("letter", "body")[:length])
    with pytest.raises(SealBroken):
        _ = Letter.get().body


def test_value_moved_to_another_column_or_table_is_refused(letters: None) -> None:
    Letter.create(body="a secret", subject="a subject")
    Postcard.create(body="a greeting")
    put("letter", "subject", raw("letter", "body"))
    with pytest.raises(SealBroken, match=r"letter\.subject"):
        Letter.get()
    put("postcard", "body", raw("letter", "body"))
    with pytest.raises(SealBroken, match=r"postcard\.body"):
        Postcard.get()


def test_opening_a_clients_content_is_noted_and_an_accounts_is_not(letters: None) -> None:
    Letter.create(body="a secret", subject="a subject")
    token = fields.opened_of_clients.set(set())
    try:
        Letter.select(Letter.subject).get()
        assert fields.opened_of_clients.get() == set()
        Letter.get()
        assert fields.opened_of_clients.get() == {"letter.body"}
    finally:
        fields.opened_of_clients.reset(token)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 12, 14, 30, 15, 123456, tzinfo=UTC),
        datetime(1960, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 12, 9, 30, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_moment_comes_back_to_the_microsecond_in_utc(letters: None, at: datetime) -> None:
    Letter.create(sent_at=at)
    assert Letter.get().sent_at == at
    assert Letter.get().sent_at.tzinfo is UTC
    assert Letter.select().where(Letter.sent_at > at - timedelta(microseconds=1)).exists()
    assert not Letter.select().where(Letter.sent_at > at).exists()


def test_time_without_a_zone_is_refused(letters: None) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        Letter.create(sent_at=datetime(2026, 3, 12))  # noqa: DTZ001  # the offence


def test_closed_set_takes_its_members_alone(letters: None) -> None:
    class Other(enum.StrEnum):
        PLANTED = "planted"

    Letter.create(role=Role.ADMIN, facts={"b": 1, "a": [None]})
    assert Letter.get().role is Role.ADMIN
    assert Letter.get().facts == {"b": 1, "a": [None]}
    with pytest.raises(ValueError, match="planted"):
        Letter.create(role=Other.PLANTED)


def test_plain_text_must_say_why() -> None:
    with pytest.raises(TypeError):
        fields.PlainText(why="")


def test_row_id_is_random(letters: None) -> None:
    with housekeeping("this test"):
        ids = {Letter.create().id for _ in range(20)}
    assert len(ids) == 20
    assert {one.version for one in ids} == {4}
