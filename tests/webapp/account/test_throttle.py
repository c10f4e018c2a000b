"""Slowing down guesses, in the database that all workers share."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from core.settings import Settings
from tests.webapp import people
from tests.webapp.account.door import account_with_password, cookie, knock, recorded
from webapp.access.actor import SYSTEM, Role
from webapp.account import throttle
from webapp.account.browser import DEVICE_COOKIE
from webapp.account.models import SignInTry
from webapp.account.throttle import TooManyTries, enter, keys_of
from webapp.audit.events import Action, Event
from webapp.db.database import db
from webapp.db.unit import unit

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
WRONG = "not-the-password-at-all"


def seconds(n: float) -> timedelta:
    return timedelta(seconds=n)


def wait_at(keys: throttle.Keys, at: datetime) -> int:
    """Seconds to wait for one more try at *at*; 0 if it was let through."""
    try:
        enter(keys, at=at)
    except TooManyTries as e:
        return e.retry_after_s
    return 0


def test_first_five_tries_are_free_then_each_wait_is_twice_as_long(database: Settings) -> None:
    keys = keys_of("a@example.org", "192.0.2.1", None)
    assert [wait_at(keys, NOON) for _ in range(5)] == [0] * 5
    at, waits = NOON, []
    for _ in range(8):
        waits.append(wait_at(keys, at))
        at += seconds(waits[-1])
        assert wait_at(keys, at - seconds(1)) == 1
        assert wait_at(keys, at) == 0
    assert waits == [30, 60, 120, 240, 480, 960, 960, 960]


def test_account_takes_fewer_than_a_hundred_guesses_a_day_from_wherever_they_come(database: Settings) -> None:
    at, guesses = NOON, 0
    while at < NOON + timedelta(days=1):
        wait = wait_at(keys_of("a@example.org", f"192.0.2.{guesses}", None), at)
        guesses += wait == 0
        at += seconds(wait)
    assert 20 < guesses < 100


def test_address_has_twenty_tries_in_a_quarter_of_an_hour_whomever_it_tries(database: Settings) -> None:
    for n in range(20):
        assert wait_at(keys_of(f"p{n}@example.org", "192.0.2.1", None), NOON + seconds(n)) == 0
    other = keys_of("other@example.org", "192.0.2.1", None)
    assert wait_at(other, NOON + seconds(20)) == 15 * 60 - 20
    assert wait_at(keys_of("other@example.org", "192.0.2.2", None), NOON + seconds(20)) == 0
    assert wait_at(other, NOON + timedelta(minutes=15)) == 0


def test_neighbours_in_a_64_are_one_address(database: Settings) -> None:
    def network(address: str) -> str:
        return keys_of("a@example.org", address, None).address

    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9")
    assert network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")
    assert network("192.0.2.1") != network("192.0.2.2")


def test_box_as_a_whole_takes_three_hundred_strangers_tries(database: Settings) -> None:
    for n in range(300):
        assert wait_at(keys_of(f"p{n}@example.org", f"198.51.{n // 250}.{n % 250}", None), NOON) == 0
    assert wait_at(keys_of("new@example.org", "203.0.113.1", None), NOON + seconds(1)) == 15 * 60 - 1
    assert wait_at(keys_of("new@example.org", "203.0.113.1", "a browser it knows"), NOON + seconds(1)) == 0


def test_recognised_browser_has_tries_of_its_own_and_no_more(database: Settings) -> None:
    stranger = keys_of("a@example.org", "192.0.2.1", None)
    own = keys_of("a@example.org", "192.0.2.1", "token of the browser")
    for _ in range(5):
        assert wait_at(stranger, NOON) == 0
    assert wait_at(stranger, NOON) > 0
    assert [wait_at(own, NOON) for _ in range(6)] == [0, 0, 0, 0, 0, 30]


def test_right_password_forgives_what_was_tried_from_the_same_place_alone(database: Settings) -> None:
    here = keys_of("a@example.org", "192.0.2.1", None)
    elsewhere = keys_of("a@example.org", "198.51.100.7", None)
    for keys in (here, elsewhere, here, elsewhere):
        ticket = enter(keys, at=NOON)
    with unit(Event(Action.SIGNED_IN, SYSTEM)):
        throttle.forgive(enter(here, at=NOON))
    left = SignInTry.select()
    assert [row.address_key for row in left] == [ticket.keys.address] * 2


def test_tries_at_the_same_moment_do_not_slip_by(database: Settings) -> None:
    keys = keys_of("a@example.org", "192.0.2.1", None)
    through = []

    def guess() -> None:
        with db.connection_context():
            if wait_at(keys, NOON) == 0:
                through.append(1)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 5


def test_table_holds_no_address(database: Settings) -> None:
    enter(keys_of("a@example.org", "192.0.2.1", "token"), at=NOON)
    row = SignInTry.get()
    for kept in (row.account_key, row.address_key, row.device_key):
        assert re.fullmatch("[0-9a-f]{64}", kept)


def test_tries_of_yesterday_are_forgotten(database: Settings) -> None:
    keys = keys_of("a@example.org", "192.0.2.1", None)
    enter(keys, at=NOON)
    assert throttle.forget_old(at=NOON + timedelta(hours=23)) == 0
    assert throttle.forget_old(at=NOON + timedelta(hours=24)) == 1


@pytest.mark.parametrize("email", ["amara@example.org", "nobody@example.org"])
def test_page_says_when_to_try_again_and_keeps_the_address(app: Flask, email: str) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    for _ in range(5):
        assert knock(browser, email=email, password=WRONG).status_code == 403
    answer = knock(browser, email=email, password=WRONG)
    assert answer.status_code == 429
    assert 25 <= int(answer.headers["Retry-After"]) <= 30
    assert f"try again in {answer.headers['Retry-After']} seconds" in answer.text
    assert f'value="{email}"' in answer.text
    assert recorded().count(Action.SIGN_IN_FAILED) == 5
    assert recorded().count(Action.SIGN_IN_SLOWED) == 1


def test_right_password_from_a_new_browser_waits_too(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    for _ in range(5):
        knock(people.browser(app), password=WRONG)
    assert knock(people.browser(app)).status_code == 429


def test_browser_that_signed_in_before_gets_in_during_an_attack(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    own = people.browser(app)
    knock(own)
    own.send("/sign-out")
    for _ in range(25):
        last = knock(people.browser(app), password=WRONG)
    assert last.status_code == 429
    assert knock(own).status_code == 302


def test_browser_of_one_account_is_a_stranger_to_another(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    account_with_password(Role.PROVIDER, email="tomas@example.org")
    own = people.browser(app)
    knock(own, email="tomas@example.org")
    assert cookie(own, DEVICE_COOKIE)
    for _ in range(5):
        knock(own, password=WRONG)
    assert knock(own).status_code == 429


def test_browser_cookie_that_this_box_never_gave_is_replaced(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    browser.set_cookie(DEVICE_COOKIE, "chosen-by-an-attacker", domain="localhost", secure=True)
    knock(browser)
    given = cookie(browser, DEVICE_COOKIE)
    assert given not in (None, "chosen-by-an-attacker")
    knock(browser)
    assert cookie(browser, DEVICE_COOKIE) == given
