"""Unlocking beside a visit: only with what confirming asks for, and only for who is in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp.account.door import PASSWORD, account_with_password, cookie, recorded
from tests.webapp.account.mfa.enrolled import add_app, code
from tests.webapp.people import Browser, sign_in
from webapp.access.actor import Role
from webapp.access.sessions import IN_VISIT_FOR, Session
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.db.unit import housekeeping


@pytest.fixture
def provider(app: Flask) -> Account:
    return account_with_password(Role.PROVIDER)


@pytest.fixture
def browser(app: Flask, provider: Account) -> Browser:
    return sign_in(app, provider, fresh=False)


def lapse(*, in_visit: bool = True) -> None:
    heard = utcnow() if in_visit else utcnow() - IN_VISIT_FOR
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=31), in_visit_at=heard).execute()


def test_password_makes_the_session_good_again_under_a_new_id(browser: Browser) -> None:
    lapse()
    before = cookie(browser)
    assert browser.get("/account").status_code == 302
    assert 'name="password"' in browser.get("/account/unlock").text
    assert browser.send_json("/account/unlock/password", {"password": PASSWORD}).status_code == 204
    assert cookie(browser) != before
    assert browser.get("/account").status_code == 200
    assert recorded()[-1] is Action.CONFIRMED


def test_wrong_password_leaves_it_locked_and_is_slowed_down(browser: Browser) -> None:
    lapse()
    answers = [browser.send_json("/account/unlock/password", {"password": "x"}).status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]
    assert browser.get("/account").status_code == 302
    assert Action.CONFIRM_FAILED in recorded()


def test_password_is_not_enough_where_there_is_a_second_factor(browser: Browser, provider: Account) -> None:
    seed = add_app(provider.id)
    lapse()
    assert 'name="password"' not in browser.get("/account/unlock").text
    assert browser.send_json("/account/unlock/password", {"password": PASSWORD}).status_code == 403
    assert browser.get("/account").status_code == 302
    assert browser.send_json("/account/unlock/code", {"code": code(seed)}).status_code == 204
    assert browser.get("/account").status_code == 200


def test_without_a_running_visit_there_is_nothing_to_unlock(browser: Browser) -> None:
    lapse(in_visit=False)
    assert browser.get("/account/unlock").status_code == 401
    assert browser.send_json("/account/unlock/password", {"password": PASSWORD}).status_code == 401
    assert browser.get("/account").status_code == 302


def test_session_that_has_ended_is_not_unlocked(browser: Browser) -> None:
    lapse()
    with housekeeping("twelve hours are over"):
        Session.update(ends_at=utcnow()).execute()
    assert browser.send_json("/account/unlock/password", {"password": PASSWORD}).status_code == 401


@pytest.mark.parametrize("body", [{}, {"password": ["x"]}, {"password": "x" * 5000}])
def test_nonsense_unlocks_nothing(browser: Browser, body: dict[str, object]) -> None:
    lapse()
    assert browser.send_json("/account/unlock/password", body).status_code == 400
