"""The live stream: one's own news, once, in order, and resumed where it broke off."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import peewee
import pytest
from flask import Flask
from playhouse.pool import MaxConnectionsExceeded

from core.clock import utcnow
from core.settings import Settings
from tests.webapp import people
from tests.webapp.people import Browser
from webapp.access.actor import SYSTEM, Role
from webapp.account.models import Account
from webapp.audit.events import Action, Event
from webapp.db.database import db
from webapp.db.unit import unit
from webapp.outbox import purge, stream
from webapp.outbox.models import Notice, NoticeKind
from webapp.outbox.notices import notify
from webapp.outbox.stream import Watcher

SENT = Event(Action.CHAT_SENT, SYSTEM)


def tell(account: Account, thing: uuid.UUID, kind: NoticeKind = NoticeKind.CHAT) -> None:
    with unit(SENT):
        notify([account.id], kind, thing, at=utcnow())


@contextmanager
def listening(browser: Browser, after: int | None = None) -> Iterator[Iterator[str]]:
    """The stream's parts as they come; waiting for one that does not come ends the test by its time limit."""
    headers = {"Last-Event-ID": str(after)} if after is not None else {}
    answer = browser.get("/live", headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    parts = (part.decode() for part in answer.iter_encoded())
    assert next(parts) == "retry: 1000\n\n"
    try:
        yield parts
    finally:
        answer.close()


def hello(parts: Iterator[str]) -> int:
    """The number from which a fresh stream counts."""
    found = re.fullmatch(r"id: (\d+)\nevent: hello\ndata: \{\}\n\n", next(parts))
    assert found
    return int(found[1])


def news(parts: Iterator[str]) -> dict[str, object]:
    found = re.fullmatch(r"id: (\d+)\ndata: (.+)\n\n", next(parts))
    assert found
    data: dict[str, object] = json.loads(found[2])
    assert data["id"] == int(found[1])
    return data


@pytest.fixture
def amara(app: Flask) -> Account:
    return people.make_account(Role.PROVIDER)


@pytest.fixture
def browser(app: Flask, amara: Account) -> Browser:
    return people.sign_in(app, amara)


def test_news_comes_as_number_kind_and_thing_and_nothing_else(browser: Browser, amara: Account) -> None:
    thing = uuid.uuid4()
    with listening(browser) as parts:
        start = hello(parts)
        tell(amara, thing)
        came = news(parts)
    assert came == {"id": start + 1, "kind": "chat", "thing": str(thing)}


def test_only_ones_own_news_comes(browser: Browser, amara: Account) -> None:
    mine = uuid.uuid4()
    with listening(browser) as parts:
        hello(parts)
        tell(people.make_account(Role.PROVIDER), uuid.uuid4())
        tell(amara, mine)
        assert news(parts)["thing"] == str(mine)


def test_what_happens_between_a_page_and_its_stream_is_told(browser: Browser, amara: Account) -> None:
    page = browser.get("/account").text
    stream = re.search(r'data-behaviour="live" data-url="([^"]+)"', page)
    assert stream
    thing = uuid.uuid4()
    tell(amara, thing)
    answer = browser.get(stream[1])
    parts = (part.decode() for part in answer.iter_encoded())
    assert next(parts) == "retry: 1000\n\n"
    assert news(parts)["thing"] == str(thing)
    answer.close()


def test_stream_resumes_where_it_broke_off(browser: Browser, amara: Account) -> None:
    things = [uuid.uuid4() for _ in range(6)]
    with listening(browser) as parts:
        hello(parts)
        tell(amara, things[0])
        seen = news(parts)["id"]
    assert isinstance(seen, int)
    for thing in things[1:4]:
        tell(amara, thing)
    tell(people.make_account(Role.PROVIDER), uuid.uuid4())
    with listening(browser, after=seen) as parts:
        assert [news(parts)["thing"] for _ in range(3)] == [str(thing) for thing in things[1:4]]
        hello(parts)
        for thing in things[4:]:
            tell(amara, thing)
        assert [news(parts)["thing"] for _ in range(2)] == [str(thing) for thing in things[4:]]


@pytest.mark.parametrize("number", ["", "x", "-1", "1; DROP TABLE notice", "\xb2", "9" * 30, "9" * 5000])
def test_number_that_is_none_begins_afresh(browser: Browser, number: str) -> None:
    answer = browser.get("/live", headers={"Last-Event-ID": number})
    parts = (part.decode() for part in answer.iter_encoded())
    next(parts)
    assert hello(parts) == 0
    answer.close()


def test_news_between_the_streams_start_and_the_watchers_is_not_lost(
    browser: Browser, amara: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_watch, watch = threading.Event(), Watcher._watch

    def late(self: Watcher, *given: int) -> None:
        may_watch.wait(10)
        watch(self, *given)

    monkeypatch.setattr(Watcher, "_watch", late)
    thing = uuid.uuid4()
    monkeypatch.setattr(stream, "HEARTBEAT_S", 2)
    with listening(browser) as parts:
        hello(parts)
        tell(amara, thing)
        may_watch.set()
        assert news(parts)["thing"] == str(thing)


def test_failed_look_at_the_database_does_not_end_the_news(
    browser: Browser, amara: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, failures = stream._after, [peewee.InterfaceError("gone"), MaxConnectionsExceeded("64")]

    def fail_first(number: int) -> list[tuple[int, uuid.UUID, str, str]]:
        if failures:
            raise failures.pop()
        return look(number)

    monkeypatch.setattr(stream, "_after", fail_first)
    monkeypatch.setattr(stream, "HEARTBEAT_S", 2)
    thing = uuid.uuid4()
    with listening(browser) as parts:
        hello(parts)
        tell(amara, thing)
        assert news(parts)["thing"] == str(thing)


def test_silence_is_filled_so_that_vanished_browsers_are_noticed(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    with listening(browser) as parts:
        hello(parts)
        assert next(parts) == ": still here\n\n"


def test_stream_ends_by_itself_so_that_ended_rights_end_with_it(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(stream, "STREAM_LIFE_S", 0.05)
    with listening(browser) as parts:
        hello(parts)
        assert set(parts) == {": still here\n\n"}


def test_what_is_rolled_back_is_never_told(database: Settings) -> None:
    account = people.make_account(Role.PROVIDER)

    def act() -> None:
        with unit(SENT):
            notify([account.id], NoticeKind.CHAT, uuid.uuid4(), at=utcnow())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Notice.select().exists()
    with pytest.raises(RuntimeError, match="inside a unit"):
        notify([account.id], NoticeKind.CHAT, uuid.uuid4(), at=utcnow())


def test_of_many_writers_no_news_is_skipped_or_told_twice(browser: Browser, amara: Account) -> None:
    things = [uuid.uuid4() for _ in range(24)]

    def write(mine: list[uuid.UUID]) -> None:
        with db.connection_context():
            for thing in mine:
                with unit(SENT):
                    notify([amara.id], NoticeKind.CHAT, thing, at=utcnow())

    with listening(browser) as parts:
        hello(parts)
        writers = [threading.Thread(target=write, args=(things[n::4],)) for n in range(4)]
        for writer in writers:
            writer.start()
        came = [news(parts) for _ in things]
        for writer in writers:
            writer.join()
    assert sorted(str(one["thing"]) for one in came) == sorted(map(str, things))
    numbers = [one["id"] for one in came]
    assert numbers == sorted(numbers, key=lambda number: int(str(number)))


def test_news_of_yesterday_is_forgotten(database: Settings) -> None:
    account = people.make_account(Role.PROVIDER)
    tell(account, uuid.uuid4())
    assert purge.old_notices(at=utcnow() + purge.KEEP / 2) == 0
    assert purge.old_notices(at=utcnow() + purge.KEEP) == 1
