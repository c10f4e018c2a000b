"""What is wrong at the door gets a clear sentence, leaves a row in the record, and in the row nothing that is secret.

A row of CASES for each kind; *play* does it and gives the sentence that it must meet, the row, and the secrets.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, cookie, knock
from tests.webapp.account.mfa.enrolled import (
    account_with_app,
    add_app,
    add_codes,
    code,
    confirm,
    everything_recorded,
    let_proofs_age,
)
from tests.webapp.account.mfa.soft_key import SoftKey
from tests.webapp.account.mfa.test_key_answers import enter, owner, register
from tests.webapp.account.mfa.test_mfa_tab import begun
from tests.webapp.people import Browser
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.mfa.models import Ceremony, SecurityKey
from webapp.audit.events import Action, Outcome
from webapp.audit.models import AuditEvent
from webapp.db.unit import housekeeping

FOREIGN = "https://e.example/steal"
STALE_CODE = timedelta(minutes=-2)


@dataclass(frozen=True)
class Met:
    """What was answered, what the record must hold of it, and what it must not."""

    answer: TestResponse
    sentence: str
    row: Action
    secrets: tuple[str, ...]


def half_way(app: Flask) -> Browser:
    browser = people.browser(app)
    knock(browser)
    return browser


def wrong_password(app: Flask) -> Met:
    account_with_password(Role.PROVIDER)
    answer = knock(people.browser(app), password="not-the-secret-words")
    return Met(answer, "do not belong together", Action.SIGN_IN_FAILED, ("not-the-secret-words", EMAIL))


def wrong_code(app: Flask) -> Met:
    account_with_app(Role.PROVIDER)
    answer = half_way(app).send("/sign-in/code", {"code": "111111"})
    return Met(answer, "This code is not right.", Action.SECOND_FACTOR_FAILED, ("111111",))


def used_code(app: Flask) -> Met:
    _, seed = account_with_app(Role.PROVIDER)
    used = code(seed)
    half_way(app).send("/sign-in/code", {"code": used})
    answer = half_way(app).send("/sign-in/code", {"code": used})
    return Met(answer, "This code was used already.", Action.SECOND_FACTOR_FAILED, (used, seed))


def expired_code(app: Flask) -> Met:
    _, seed = account_with_app(Role.PROVIDER)
    old = code(seed, off=STALE_CODE)
    return Met(
        half_way(app).send("/sign-in/code", {"code": old}),
        "off by 2 minutes. Set it to automatic time",
        Action.SECOND_FACTOR_FAILED,
        (old, seed),
    )


def clock_off_while_adding(app: Flask) -> Met:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    confirm(browser, PASSWORD)
    where, seed = begun(browser)
    ahead = code(seed, off=timedelta(minutes=7))
    answer = browser.send(where, {"code": ahead, "name": "Phone"})
    return Met(answer, "off by 7 minutes", Action.FACTOR_REFUSED, (ahead, seed))


def used_recovery_code(app: Flask) -> Met:
    account, _ = account_with_app(Role.PROVIDER)
    used = add_codes(app, account.id)[0]
    half_way(app).send("/sign-in/recovery-code", {"code": used})
    answer = half_way(app).send("/sign-in/recovery-code", {"code": used})
    return Met(answer, "or it was used already", Action.SECOND_FACTOR_FAILED, (used,))


def wrong_confirmation(app: Flask) -> Met:
    browser = people.sign_in(app, account_with_password(Role.PROVIDER))
    answer = browser.send("/account/confirm/password", {"password": "not-the-secret-words", "need": "confirm"})
    return Met(answer, "That is not your password.", Action.CONFIRM_FAILED, ("not-the-secret-words",))


def key_from_another_site(app: Flask) -> Met:
    key = SoftKey()
    register(owner(app), key)
    key.origin = "https://localhost.e.example"
    answer = enter(people.browser(app), key)
    return Met(answer, "This key does not open this account.", Action.SECOND_FACTOR_FAILED, ("e.example",))


def key_added_on_another_site(app: Flask) -> Met:
    answer = register(owner(app), SoftKey(origin="https://e.example", rp_id="e.example"))
    return Met(answer, "does not fit this site", Action.FACTOR_REFUSED, ("e.example",))


def cloned_key(app: Flask) -> Met:
    key = SoftKey()
    register(owner(app), key)
    enter(people.browser(app), key)
    key.counter = 0
    answer = enter(people.browser(app), key)
    return Met(answer, "may have been copied", Action.KEY_REFUSED_AS_COPY, (SecurityKey.get().credential_id,))


def late(browser: Browser, where: str, key: SoftKey) -> TestResponse:
    """A key's answer to a challenge whose five minutes are over."""
    body = answer_of(browser, where, key)
    with housekeeping("five minutes pass"):
        Ceremony.update(expires_at=utcnow()).execute()
    return browser.send_json(where, body)


def answer_of(browser: Browser, where: str, key: SoftKey) -> dict[str, object]:
    begun = browser.send_json(f"{where}/options").json
    assert begun
    return {"ceremony": begun["ceremony"], "answer": key.get(begun["options"])}


def replayed_passkey(app: Flask) -> Met:
    key = SoftKey()
    register(owner(app), key)
    browser, thief = people.browser(app), people.browser(app)
    body = answer_of(browser, "/sign-in/passkey", key)
    assert browser.send_json("/sign-in/passkey", body).status_code == 200
    for _ in range(3):  # however often, it is one row
        answer = thief.send_json("/sign-in/passkey", body)
    failed = AuditEvent.select().where(AuditEvent.action == Action.SECOND_FACTOR_FAILED)
    assert failed.count() == 1
    return Met(answer, "or was used already. Please start again", Action.SECOND_FACTOR_FAILED, (own_key_id(),))


def own_key_id() -> str:
    return str(SecurityKey.get().credential_id)


def late_passkey(app: Flask) -> Met:
    key = SoftKey()
    register(owner(app), key)
    answer = late(people.browser(app), "/sign-in/passkey", key)
    return Met(answer, "That took too long", Action.SECOND_FACTOR_FAILED, (own_key_id(),))


def late_key_after_the_password(app: Flask) -> Met:
    key = SoftKey()
    register(owner(app), key)
    answer = late(half_way(app), "/sign-in/key", key)
    return Met(answer, "That took too long", Action.SECOND_FACTOR_FAILED, (own_key_id(),))


def late_key_while_confirming(app: Flask) -> Met:
    key, browser = SoftKey(), owner(app)
    register(browser, key)
    answer = late(browser, "/account/confirm/key", key)
    return Met(answer, "That took too long", Action.CONFIRM_FAILED, (own_key_id(),))


def wrong_recovery_code(app: Flask) -> Met:
    account, _ = account_with_app(Role.PROVIDER)
    add_codes(app, account.id)
    answer = half_way(app).send("/sign-in/recovery-code", {"code": "aaaaaa-bbbbbb-cccccc"})
    return Met(
        answer, "not one of your recovery codes", Action.SECOND_FACTOR_FAILED, ("aaaaaa-bbbbbb-cccccc", "aaaaaa")
    )


def fixed_session(app: Flask) -> Met:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    chosen = "attacker-chose-this-cookie-of-43-letters-00"
    browser.set_cookie(sessions.COOKIE, chosen, domain="localhost", secure=True)
    knock(browser)
    assert cookie(browser) not in (None, chosen)
    thief = people.browser(app)
    thief.set_cookie(sessions.COOKIE, chosen, domain="localhost", secure=True)
    answer = thief.get("/account", follow_redirects=True)
    return Met(answer, "Sign in", Action.SIGNED_IN, (chosen, cookie(browser) or ""))


def stolen_cookie_after_sign_out(app: Flask) -> Met:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    saved = cookie(browser) or ""
    browser.send("/sign-out")
    with housekeeping("the thief comes later"):
        Session.update(ended_at=utcnow() - timedelta(minutes=2)).execute()
    thief = people.browser(app)
    thief.set_cookie(sessions.COOKIE, saved, domain="localhost", secure=True)
    answer = thief.get("/account", follow_redirects=True)
    for _ in range(3):
        thief.get("/clients")
    shown = AuditEvent.select().where(AuditEvent.action == Action.ENDED_SESSION_SHOWN)
    assert shown.count() == 1
    return Met(answer, "Sign in, and you are back where you were.", Action.ENDED_SESSION_SHOWN, (saved,))


def next_to_another_site(app: Flask) -> Met:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    assert knock(browser, next=FOREIGN).location == "/"
    return Met(browser.get("/"), "Good ", Action.SIGNED_IN, (FOREIGN,))


def crowd_guessing(app: Flask) -> Met:
    account_with_password(Role.PROVIDER)
    guesses = [f"guess-number-{number}-of-many" for number in range(6)]
    answers = [knock(people.browser(app), password=guess) for guess in guesses]
    assert answers[-1].status_code == 429
    return Met(answers[-1], "Please try again in", Action.SIGN_IN_SLOWED, tuple(guesses))


def role_posted_directly(app: Flask) -> Met:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER, Role.ADMIN))
    let_proofs_age()
    answer = browser.send("/account/role/admin")
    assert browser.get("/practice").status_code == 404
    return Met(answer, "Please show once more that it is you", Action.ACCESS_DENIED, (cookie(browser) or "",))


def role_that_one_does_not_have(app: Flask) -> Met:
    browser = people.sign_in(app, people.make_account(Role.CLIENT))
    answer = browser.send("/account/role/admin")
    return Met(answer, "We could not find that page.", Action.ACCESS_DENIED, (cookie(browser) or "",))


CASES: list[Callable[[Flask], Met]] = [
    wrong_password,
    wrong_code,
    used_code,
    expired_code,
    clock_off_while_adding,
    used_recovery_code,
    wrong_confirmation,
    key_from_another_site,
    key_added_on_another_site,
    cloned_key,
    replayed_passkey,
    late_passkey,
    late_key_after_the_password,
    late_key_while_confirming,
    wrong_recovery_code,
    fixed_session,
    stolen_cookie_after_sign_out,
    next_to_another_site,
    crowd_guessing,
    role_posted_directly,
    role_that_one_does_not_have,
]
# Nothing was refused in these: the attempt came to nothing, and what was done instead is in the record.
WITHOUT_EFFECT = {fixed_session, next_to_another_site}


@pytest.mark.parametrize("play", CASES, ids=lambda play: play.__name__)
def test_it_is_said_clearly_and_recorded_without_a_secret(app: Flask, play: Callable[[Flask], Met]) -> None:
    met = play(app)
    body = met.answer.json["sentence"] if met.answer.is_json and met.answer.json else html.unescape(met.answer.text)
    assert met.sentence in body
    assert met.answer.status_code < 500
    rows = list(AuditEvent.select().where(AuditEvent.action == met.row))
    assert rows
    assert (rows[-1].outcome is Outcome.DONE) is (play in WITHOUT_EFFECT)
    everything = everything_recorded()
    for secret in met.secrets:
        assert secret
        assert secret not in everything, secret


def test_cookie_of_a_session_that_has_just_ended_is_nobodys_guile(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    saved = cookie(browser) or ""
    browser.send("/account/role/provider")
    browser.send("/sign-out")
    other_tab = people.browser(app)
    other_tab.set_cookie(sessions.COOKIE, saved, domain="localhost", secure=True)
    assert other_tab.get("/account").status_code == 302
    assert not AuditEvent.select().where(AuditEvent.action == Action.ENDED_SESSION_SHOWN).exists()


def test_second_app_with_a_wrong_clock_is_told_too(app: Flask) -> None:
    account, _ = account_with_app(Role.PROVIDER)
    second = add_app(account.id)
    answer = half_way(app).send("/sign-in/code", {"code": code(second, off=timedelta(minutes=-5))})
    assert "off by 5 minutes" in answer.text
