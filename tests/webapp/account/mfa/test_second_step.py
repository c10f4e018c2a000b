"""Signing in with a second factor: what is owed after the password, and what half a sign-in opens (nothing)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.rules.crawling import filled, rules
from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, cookie, knock, recorded
from tests.webapp.account.mfa.enrolled import account_with_app, add_codes, code
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.rules import Public
from webapp.access.sessions import Session
from webapp.account import throttle
from webapp.account.browser import DEVICE_COOKIE, PENDING_COOKIE
from webapp.account.mfa import pending
from webapp.account.mfa.models import PendingSignIn
from webapp.account.models import Account, SignInTry
from webapp.audit.events import Action
from webapp.db.unit import housekeeping


def half_way(app: Flask, **more: str) -> people.Browser:
    """A browser in which the password was given, and nothing else."""
    browser = people.browser(app)
    answer = knock(browser, **more)
    assert answer.location.startswith("/sign-in/second-step")
    return browser


def test_right_password_leads_to_the_second_step_and_opens_no_session(app: Flask) -> None:
    account_with_app(Role.PROVIDER)
    browser = half_way(app, next="/account/sessions")
    assert not Session.select().exists()
    assert cookie(browser) is None
    assert recorded()[-1] is Action.SECOND_FACTOR_ASKED
    page = browser.get("/sign-in/second-step?next=/account/sessions").text
    assert "6-digit code" in page
    assert "Recovery code" in page


def test_right_code_signs_in_where_somebody_wanted_to_go(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    browser = half_way(app)
    answer = browser.send("/sign-in/code", {"code": code(seed), "next": "/account/sessions"})
    assert (answer.status_code, answer.location) == (302, "/account/sessions")
    assert browser.get("/account/sessions").status_code == 200
    assert cookie(browser, PENDING_COOKIE) is None
    assert recorded()[-1] is Action.SIGNED_IN


@pytest.mark.parametrize("target", ["//e.example", "https://e.example/", "/\\e.example", "/%2f%2fe.example"])
def test_second_step_never_leads_to_another_site(app: Flask, target: str) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    assert half_way(app).send("/sign-in/code", {"code": code(seed), "next": target}).location == "/"


def test_cookies_of_half_a_sign_in_are_as_closed_as_the_others(app: Flask) -> None:
    account_with_app(Role.PROVIDER)
    lines = knock(people.browser(app)).headers.getlist("Set-Cookie")
    line = next(line for line in lines if line.startswith(PENDING_COOKIE) and "Expires" not in line)
    parts = {part.strip() for part in line.split(";")}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
    assert "Domain" not in line


def test_each_code_has_a_label_of_its_own(app: Flask) -> None:
    account_with_app(Role.PROVIDER)
    page = half_way(app).get("/sign-in/second-step").text
    for name in ("code", "recovery-code"):
        assert page.count(f'for="{name}"') == page.count(f' id="{name}"') == 1


def test_recovery_code_signs_in_once(app: Flask) -> None:
    account, _ = account_with_app(Role.PROVIDER)
    codes = add_codes(app, account.id)
    typed = codes[0].upper().replace("-", " ")
    browser = half_way(app)
    assert browser.send("/sign-in/recovery-code", {"code": typed}).status_code == 302
    assert recorded()[-2:] == [Action.RECOVERY_CODE_USED, Action.SIGNED_IN]
    assert "That recovery code is used up, and 9 are left" in browser.get("/").text
    again = half_way(app).send("/sign-in/recovery-code", {"code": typed})
    assert (again.status_code, "used already" in again.text) == (403, True)


def test_wrong_code_is_said_and_recorded_without_itself(app: Flask) -> None:
    account_with_app(Role.PROVIDER)
    answer = half_way(app).send("/sign-in/code", {"code": "000000"})
    assert answer.status_code == 403
    assert "This code is not right" in answer.text
    assert recorded()[-1] is Action.SECOND_FACTOR_FAILED


def test_code_that_was_used_is_told_apart_from_a_wrong_one(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    used = code(seed)
    half_way(app).send("/sign-in/code", {"code": used})
    answer = half_way(app).send("/sign-in/code", {"code": used})
    assert (answer.status_code, "used already" in answer.text) == (403, True)


@pytest.mark.parametrize("minutes", [-4, 6])
def test_clock_that_is_off_is_told(app: Flask, minutes: int) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    answer = half_way(app).send("/sign-in/code", {"code": code(seed, off=timedelta(minutes=minutes))})
    assert answer.status_code == 403
    assert f"off by {abs(minutes)} minutes" in answer.text


def test_after_five_wrong_codes_the_password_is_asked_again(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    browser = half_way(app)
    known = cookie(browser, PENDING_COOKIE)
    for _ in range(pending.TRIES):
        assert browser.send("/sign-in/code", {"code": "000000"}).status_code == 403
    with housekeeping("the wait is over"):
        SignInTry.delete().execute()
    answer = browser.send("/sign-in/code", {"code": code(seed)})
    assert (answer.status_code, "sign in again with your password" in answer.text) == (403, True)
    browser.set_cookie(PENDING_COOKIE, known or "", domain="localhost", secure=True)
    assert browser.send("/sign-in/code", {"code": code(seed)}).status_code == 403
    assert browser.get("/sign-in/second-step").status_code == 403
    assert not Session.select().exists()
    assert half_way(app).send("/sign-in/code", {"code": code(seed)}).status_code == 302


def test_knowing_the_password_does_not_buy_endless_tries(app: Flask) -> None:
    account_with_app(Role.PROVIDER)
    answers = [half_way(app).send("/sign-in/code", {"code": "000000"}) for _ in range(throttle.FREE + 1)]
    assert [answer.status_code for answer in answers] == [403] * throttle.FREE + [429]
    assert int(answers[-1].headers["Retry-After"]) > 20
    assert "try again in" in answers[-1].text


def test_guesses_from_elsewhere_do_not_keep_out_a_browser_that_is_known(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    own = half_way(app)
    own.send("/sign-in/code", {"code": code(seed, off=timedelta(seconds=-30))})
    own.send("/sign-out")
    for _ in range(throttle.FREE + 1):
        half_way(app).send("/sign-in/code", {"code": "000000"})
    assert cookie(own, DEVICE_COOKIE)
    knock(own)
    assert own.send("/sign-in/code", {"code": code(seed)}).status_code == 302


def test_half_a_sign_in_ends_after_ten_minutes(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    browser = half_way(app)
    with housekeeping("time passes"):
        PendingSignIn.update(expires_at=utcnow()).execute()
    assert browser.get("/sign-in/second-step").status_code == 403
    assert browser.send("/sign-in/code", {"code": code(seed)}).status_code == 403
    assert pending.forget_expired(at=utcnow() + timedelta(seconds=1)) == 1


def test_second_step_is_finished_once(app: Flask) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    codes = add_codes(app, account.id)
    browser = half_way(app)
    token = cookie(browser, PENDING_COOKIE)
    browser.send("/sign-in/code", {"code": code(seed)})
    thief = people.browser(app)
    thief.set_cookie(PENDING_COOKIE, token or "", domain="localhost", secure=True)
    assert thief.send("/sign-in/recovery-code", {"code": codes[0]}).status_code == 403
    assert Session.select().count() == 1


def test_session_known_before_the_second_step_is_dead_after_it(app: Flask) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    before = people.sign_in(app, account)
    known = cookie(before)
    knock(before)
    before.send("/sign-in/code", {"code": code(seed)})
    assert cookie(before) != known
    old = people.browser(app)
    old.set_cookie(sessions.COOKIE, known or "", domain="localhost", secure=True)
    assert old.get("/account").status_code == 302


def test_disabled_account_does_not_get_through_the_second_step(app: Flask) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    browser = half_way(app)
    with housekeeping("this test's person"):
        Account.update(disabled_at=utcnow()).where(Account.id == account.id).execute()
    assert browser.send("/sign-in/code", {"code": code(seed)}).status_code == 403
    assert not Session.select().exists()


def test_half_a_sign_in_opens_nothing_else(app: Flask) -> None:
    account_with_app(Role.PROVIDER, Role.ADMIN)
    browser, tried = half_way(app), 0
    for method in ("GET", "POST"):
        for rule, declared in rules(app, method):
            if isinstance(declared.allow, Public):
                continue
            answer = browser.open(filled(rule), method=method)
            assert answer.status_code == (401 if declared.json else 302), rule.endpoint
            assert declared.json or answer.location.startswith("/sign-in"), rule.endpoint
            tried += 1
    assert tried > 40


def test_wrong_password_never_reaches_the_second_step(app: Flask) -> None:
    account_with_app(Role.PROVIDER)
    browser = people.browser(app)
    answer = knock(browser, EMAIL, PASSWORD + "!")
    assert (answer.status_code, cookie(browser, PENDING_COOKIE)) == (403, None)
    assert browser.get("/sign-in/second-step").status_code == 403
    assert not PendingSignIn.select().exists()


@pytest.mark.parametrize("path", ["/sign-in/key/options", "/sign-in/key"])
def test_stranger_is_told_to_begin_with_the_password(app: Flask, path: str) -> None:
    answer = people.browser(app).send_json(path, {"ceremony": "x", "answer": {}})
    assert answer.status_code in (400, 403)
    assert answer.json
    assert answer.json["sentence"]
