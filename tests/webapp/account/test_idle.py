"""Being signed out after doing nothing: what counts, what does not, and what a page is told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import PASSWORD, account_with_password, cookie, knock
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.db.unit import housekeeping


@pytest.fixture
def browser(app: Flask) -> people.Browser:
    return people.sign_in(app, account_with_password(Role.PROVIDER, Role.ADMIN))


def idle_for(**how_long: float) -> None:
    """Nobody has done anything for so long."""
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(**how_long)).where(Session.ended_at.is_null()).execute()


def left(browser: people.Browser) -> int:
    answer = browser.get("/account/idle").json
    assert answer
    return int(answer["left_s"])


def test_limit_is_the_settings_half_an_hour_to_the_second(app: Flask, browser: people.Browser) -> None:
    assert app.extensions["wellhouse.settings"].portal.idle_minutes == 30
    idle_for(minutes=29, seconds=58)
    assert browser.get("/account/idle").status_code == 200
    idle_for(minutes=30, seconds=1)
    assert browser.get("/account/idle").status_code == 401
    assert browser.get("/account").status_code == 302


def test_asking_and_listening_do_not_count_and_a_page_does(browser: people.Browser) -> None:
    idle_for(minutes=20)
    assert 598 <= left(browser) <= 600
    with browser.get("/live"):
        pass
    assert browser.get("/waiting").status_code == 200
    assert left(browser) <= 600
    browser.get("/account")
    assert left(browser) > 1790


def test_stay_signed_in_counts(browser: people.Browser) -> None:
    idle_for(minutes=29)
    answer = browser.send_json("/account/still-here").json
    assert answer
    assert answer["can_stay"]
    assert answer["left_s"] > 1790
    assert left(browser) > 1790


def test_after_twelve_hours_nothing_puts_it_off(browser: people.Browser) -> None:
    with housekeeping("time passes"):
        Session.update(ends_at=utcnow() + timedelta(seconds=100)).execute()
    answer = browser.send_json("/account/still-here").json
    assert answer
    assert answer["left_s"] <= 100
    assert answer["can_stay"] is False
    with housekeeping("time passes"):
        Session.update(ends_at=utcnow()).execute()
    assert browser.send_json("/account/still-here").status_code == 401


@pytest.mark.parametrize("path", ["/", "/account", "/practice", "/colleagues"])
def test_every_page_knows_when_it_ends(browser: people.Browser, path: str) -> None:
    if path in ("/practice", "/colleagues"):
        browser.send("/account/role/admin")
    idle_for(minutes=10)
    found = re.search(r'data-behaviour="idle" data-left="(\d+)"', browser.get(path).text)
    assert found
    assert int(found[1]) > 1790  # looking at the page was doing something


def test_strangers_are_not_warned(app: Flask) -> None:
    assert "data-left" not in people.browser(app).get("/sign-in").text


def test_stranger_asking_is_told_that_nobody_is_signed_in(app: Flask) -> None:
    assert people.browser(app).get("/account/idle").status_code == 401


def test_signing_in_again_leads_back_to_the_same_place(app: Flask, browser: people.Browser) -> None:
    idle_for(minutes=31)
    asked = browser.get("/account/sessions?page=2").location
    assert "back where you were" in browser.get(asked).text
    answer = knock(browser, password=PASSWORD, next="/account/sessions?page=2")
    assert answer.location == "/account/sessions?page=2"
    assert cookie(browser)
