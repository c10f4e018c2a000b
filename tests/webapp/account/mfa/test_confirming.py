"""Showing once more who one is, before something that matters."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import PASSWORD, account_with_password, cookie, knock, recorded
from tests.webapp.account.mfa.enrolled import account_with_app, add_codes, code, confirm, let_proofs_age
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.sessions import LiveSession, Session
from webapp.access.step_up import FRESH_FOR, StepUp, is_fresh
from webapp.account import throttle
from webapp.account.mfa.models import RecoveryCode
from webapp.account.throttle import BOX_MAX
from webapp.audit.events import Action
from webapp.db.unit import housekeeping


def with_second_factor(app: Flask) -> tuple[people.Browser, str, list[str]]:
    """Somebody who signed in with an app some while ago; its seed and the recovery codes."""
    account, seed = account_with_app(Role.PROVIDER)
    codes = add_codes(app, account.id)
    browser = people.sign_in(app, account)
    let_proofs_age()
    return browser, seed, codes


def live(*, password: timedelta | None, confirmed: timedelta | None) -> LiveSession:
    at = utcnow()
    return LiveSession(
        id=uuid.uuid4(),
        account=uuid.uuid4(),
        role=Role.PROVIDER,
        created_at=at,
        last_seen_at=at,
        ends_at=at + timedelta(hours=12),
        address="",
        device="",
        password_at=None if password is None else at - password,
        confirmed_at=None if confirmed is None else at - confirmed,
    )


@pytest.mark.parametrize(
    ("target", "says", "back"),
    [
        ("/account/mfa", "Before you see or change your second factors", "/account"),
        ("/account/mfa/keys/new", "Before you see or change your second factors", "/account"),
        ("/account/email", "Before you change your address", "/account"),
        ("/audit/export", "Before this we ask once more", "/audit"),
        ("https://elsewhere.example/x", "Before this we ask once more", "/"),
    ],
)
def test_page_that_asks_says_why_and_lets_one_go_back(app: Flask, target: str, says: str, back: str) -> None:
    browser, _seed, _codes = with_second_factor(app)
    page = browser.get(f"/account/confirm?need=password&next={target}").text
    assert says in page
    assert f'<a class="btn btn-ghost" href="{back}">Cancel</a>' in page
    assert 'href="/forgot-password"' in page


@pytest.mark.parametrize(
    ("password", "confirmed", "confirm_is", "both_are"),
    [
        (None, None, False, False),
        (None, timedelta(), True, False),
        (timedelta(), None, False, False),
        (timedelta(), timedelta(), True, True),
        (FRESH_FOR * 1.1, timedelta(), True, False),
        (timedelta(), FRESH_FOR * 1.1, False, False),
        (FRESH_FOR * 0.9, FRESH_FOR * 0.9, True, True),
    ],
)
def test_proofs_count_for_five_minutes(
    password: timedelta | None, confirmed: timedelta | None, confirm_is: bool, both_are: bool
) -> None:
    session = live(password=password, confirmed=confirmed)
    assert is_fresh(session, StepUp.CONFIRM, at=utcnow()) is confirm_is
    assert is_fresh(session, StepUp.PASSWORD_TOO, at=utcnow()) is both_are
    assert not is_fresh(None, StepUp.CONFIRM, at=utcnow())


def test_each_proof_gives_the_session_a_new_id_and_the_old_one_is_dead(app: Flask) -> None:
    browser, seed, _ = with_second_factor(app)
    ids = [cookie(browser)]
    confirm(browser, PASSWORD)
    ids.append(cookie(browser))
    browser.send("/account/confirm/code", {"code": code(seed), "need": "password", "next": "/account/mfa"})
    ids.append(cookie(browser))
    assert len(set(ids)) == 3
    for old in ids[:2]:
        thief = people.browser(app)
        thief.set_cookie(sessions.COOKIE, old or "", domain="localhost", secure=True)
        assert thief.get("/account").status_code == 302
    assert browser.get("/account/mfa").status_code == 200
    ends = {row.ends_at for row in Session.select()}
    assert len(ends) == 1


def test_password_comes_first_and_then_the_second_factor(app: Flask) -> None:
    browser, seed, _ = with_second_factor(app)
    asked = browser.get("/account/mfa").location
    assert "6-digit code" not in browser.get(asked).text
    assert confirm(browser, PASSWORD) == "/account/mfa"
    asked = browser.get("/account/mfa").location
    assert "6-digit code" in browser.get(asked).text
    assert browser.send("/account/confirm/code", {"code": code(seed), "need": "password"}).status_code == 302
    assert browser.get("/account/mfa").status_code == 200


def test_password_alone_is_no_proof_for_who_has_a_second_factor(app: Flask) -> None:
    browser, _, _ = with_second_factor(app)
    browser.send("/account/confirm/password", {"password": PASSWORD, "need": "confirm"})
    assert browser.get("/account/mfa").status_code == 302
    assert browser.send("/account/mfa/recovery-codes").status_code == 403


def test_second_factor_alone_does_not_open_what_asks_for_the_password_too(app: Flask) -> None:
    browser, seed, _ = with_second_factor(app)
    browser.send("/account/confirm/code", {"code": code(seed), "need": "confirm"})
    assert browser.get("/account/mfa").status_code == 302


def test_recovery_code_confirms_and_is_used_up(app: Flask) -> None:
    browser, _, codes = with_second_factor(app)
    confirm(browser, PASSWORD)
    assert browser.send("/account/confirm/recovery-code", {"code": codes[3]}).status_code == 302
    assert browser.get("/account/mfa").status_code == 200
    assert RecoveryCode.select().where(RecoveryCode.used_at.is_null()).count() == 9
    again = browser.send("/account/confirm/recovery-code", {"code": codes[3]})
    assert (again.status_code, "used already" in again.text) == (403, True)


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("password", {"password": "wrong-wrong-wrong"}, "That is not your password"),
        ("password", {"password": ""}, "Please write your password"),
        ("code", {"code": "000000"}, "This code is not right"),
        ("recovery-code", {"code": "nonsense"}, "not one of your recovery codes"),
    ],
)
def test_wrong_proof_is_said_where_it_was_given_and_proves_nothing(
    app: Flask, path: str, fields: dict[str, str], said: str
) -> None:
    browser, _, _ = with_second_factor(app)
    if path != "password":
        confirm(browser, PASSWORD)
    before = cookie(browser)
    answer = browser.send(f"/account/confirm/{path}", {**fields, "need": "password", "next": "/account/mfa"})
    assert said in answer.text
    assert answer.status_code in (200, 403)
    assert cookie(browser) == before
    assert 'value="/account/mfa"' in answer.text
    assert browser.get("/account/mfa").status_code == 302
    failed = [fields] if fields.get("password") != "" else []
    assert recorded().count(Action.CONFIRM_FAILED) == len(failed)


def test_wrong_proofs_in_a_stolen_session_must_wait_and_the_owner_need_not(app: Flask) -> None:
    account = account_with_password(Role.PROVIDER)
    thief, owner = people.sign_in(app, account), people.sign_in(app, account)
    wrong = {"password": "guess-guess-guess"}
    answers = [thief.send("/account/confirm/password", wrong).status_code for _ in range(throttle.FREE + 1)]
    assert answers == [403] * throttle.FREE + [429]
    assert thief.send("/account/confirm/password", {"password": PASSWORD}).status_code == 429
    assert confirm(owner, PASSWORD) == "/account/mfa"


def test_crowd_at_the_door_keeps_nobody_from_confirming(app: Flask) -> None:
    browser = people.sign_in(app, account_with_password(Role.PROVIDER))
    with housekeeping("a crowd"):
        for number in range(BOX_MAX):
            key = throttle.keys_of(f"{number}@example.org", "127.0.0.1", None)
            throttle.SignInTry.create(at=utcnow(), account_key=key.account, address_key=key.address, device_key="")
    assert knock(people.browser(app)).status_code == 429
    assert confirm(browser, PASSWORD) == "/account/mfa"


@pytest.mark.parametrize("target", ["//e.example", "https://e.example/", "/\\e.example", "", "/\t/e.example"])
def test_confirming_never_leads_to_another_site(app: Flask, target: str) -> None:
    browser = people.sign_in(app, account_with_password(Role.CLIENT))
    assert confirm(browser, PASSWORD, next=target) == "/"


def test_what_is_half_written_in_another_tab_can_still_be_sent_after_confirming(app: Flask) -> None:
    browser = people.sign_in(app, account_with_password(Role.CLIENT))
    token = browser.form_token()
    confirm(browser, PASSWORD)
    fields = {"csrf_token": token, "name": "Maren", "time_zone": "UTC", "locale": "en", "theme": ""}
    assert browser.post("/account", data=fields).status_code == 302


def test_signing_in_with_all_factors_counts_as_confirmed_but_not_as_the_password_for_mfa(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    browser.send("/sign-in/code", {"code": code(seed)})
    row = Session.get()
    assert row.confirmed_at is not None
    assert row.password_at is None
    assert browser.get("/account/mfa").status_code == 302
    confirm(browser, PASSWORD)
    assert browser.get("/account/mfa").status_code == 200


def test_unknown_need_asks_for_the_usual_proof(app: Flask) -> None:
    browser, _, _ = with_second_factor(app)
    page = browser.get("/account/confirm?need=everything&next=//e.example").text
    assert "6-digit code" in page
    assert "e.example" not in page
