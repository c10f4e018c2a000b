"""How long somebody stays signed in, by a clock that the test holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.settings import Settings
from tests.webapp import people
from tests.webapp.account.door import account_with_password, knock
from webapp.access import guard, sessions
from webapp.access.actor import SYSTEM, Role
from webapp.access.sessions import Session
from webapp.account.browser import DEVICE_COOKIE
from webapp.audit.events import Action, Event
from webapp.db.unit import unit

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=12)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], datetime]:
    """Call it to let time pass for the guard."""
    now = [utcnow()]
    monkeypatch.setattr(guard, "utcnow", lambda: now[0])

    def pass_by(more: timedelta) -> datetime:
        now[0] += more
        return now[0]

    return pass_by


def test_half_an_hour_without_a_request_signs_out(app: Flask, clock: Callable[[timedelta], datetime]) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    assert browser.get("/account").status_code == 200
    clock(IDLE - timedelta(seconds=1))
    assert browser.get("/account").status_code == 200
    clock(IDLE - timedelta(seconds=1))
    assert browser.get("/account").status_code == 200
    clock(IDLE + timedelta(seconds=sessions.SEEN_EVERY_S))
    assert browser.get("/account").location == "/sign-in?next=/account"


def test_scripts_are_told_that_somebody_was_signed_out(app: Flask, clock: Callable[[timedelta], datetime]) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    clock(IDLE + timedelta(seconds=1))
    answer = browser.get("/live")
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"] == "signed_out"
    assert "sign in again" in answer.json["sentence"]


def test_polling_does_not_count_as_being_there(app: Flask, clock: Callable[[timedelta], datetime]) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    for _ in range(4):
        clock(IDLE / 5)
        browser.get("/live").close()
        assert browser.get("/waiting").status_code == 200
    clock(IDLE / 5 + timedelta(seconds=1))
    assert browser.get("/account").status_code == 302


def test_twelve_hours_end_a_session_whatever_one_does(app: Flask, clock: Callable[[timedelta], datetime]) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    for _ in range(12 * 3 - 1):
        clock(timedelta(minutes=20))
        assert browser.get("/account").status_code == 200
    clock(timedelta(minutes=20, seconds=1))
    assert browser.get("/account").status_code == 302


def test_browser_that_is_remembered_stays_signed_in_no_longer(
    app: Flask, clock: Callable[[timedelta], datetime]
) -> None:
    account_with_password(Role.PROVIDER)
    idle, busy = people.browser(app), people.browser(app)
    for browser in (idle, busy):
        for _ in range(2):  # the second time they are known
            assert knock(browser).status_code == 302
            assert browser.get_cookie(DEVICE_COOKIE, domain="localhost")
    for _ in range(12 * 3 - 1):
        clock(timedelta(minutes=20))
        assert busy.get("/account").status_code == 200
        assert idle.get("/healthz").status_code == 200
    assert idle.get("/account").status_code == 302
    clock(timedelta(minutes=21))  # a minute more: signing in took real time
    assert busy.get("/account").status_code == 302


def test_other_limits_of_the_settings_hold(database: Settings) -> None:
    at, account = utcnow(), people.make_account(Role.PROVIDER)
    limits = type(database.portal)(idle_minutes=5, session_hours=1)
    with unit(Event(Action.SIGNED_IN, SYSTEM)):
        _, token = sessions.start(account.id, Role.PROVIDER, limits, address="", device="", at=at)
    assert sessions.find(token, limits, at=at + timedelta(minutes=5, seconds=-1))
    assert sessions.find(token, limits, at=at + timedelta(minutes=5)) is None


def test_last_seen_is_written_once_a_minute_at_most(app: Flask, clock: Callable[[timedelta], datetime]) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    before = Session.get().last_seen_at
    clock(timedelta(seconds=sessions.SEEN_EVERY_S - 5))
    browser.get("/account")
    assert Session.get().last_seen_at == before
    now = clock(timedelta(seconds=10))
    browser.get("/account")
    assert Session.get().last_seen_at == now


def test_ending_all_leaves_the_one_that_is_named(database: Settings) -> None:
    at, account = utcnow(), people.make_account(Role.PROVIDER)
    other = people.make_account(Role.PROVIDER)
    with unit(Event(Action.SIGNED_IN, SYSTEM)):
        started = [
            sessions.start(of, Role.PROVIDER, database.portal, address="", device="", at=at)
            for of in (account.id, account.id, account.id, other.id)
        ]
        assert sessions.end_all(account.id, but=started[0][0].id, at=at) == 2
    alive = [sessions.find(token, database.portal, at=at) is not None for _, token in started]
    assert alive == [True, False, False, True]


def test_tokens_have_256_bits_and_never_repeat(database: Settings) -> None:
    at, account = utcnow(), people.make_account(Role.PROVIDER)
    with unit(Event(Action.SIGNED_IN, SYSTEM)):
        tokens = {
            sessions.start(account.id, Role.PROVIDER, database.portal, address="", device="", at=at)[1]
            for _ in range(50)
        }
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43  # 256 bits in base64
