"""Rules about every address of the portal and the session with which it is asked for."""

from __future__ import annotations

import pytest
from flask import Flask

from core.settings import Settings
from tests.rules.crawling import filled, fingerprints, rules
from tests.webapp import people
from tests.webapp.account.door import account_with_password, cookie, knock
from tests.webapp.account.mfa.enrolled import account_with_app, let_proofs_age
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.rules import Public
from webapp.access.step_up import StepUp
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)

# What matters so much that one proves once more who one is; a line here is a promise (docs/CONTROLS.md, S4).
ASKS_AGAIN = {
    "account.save_email": StepUp.PASSWORD_TOO,
    "password.save_change": StepUp.PASSWORD_TOO,
    "mfa.begin_app": StepUp.PASSWORD_TOO,
    "mfa.add_app": StepUp.PASSWORD_TOO,
    "mfa.begin_key": StepUp.PASSWORD_TOO,
    "mfa.add_key": StepUp.PASSWORD_TOO,
    "mfa.rename": StepUp.PASSWORD_TOO,
    "mfa.remove": StepUp.PASSWORD_TOO,
    "mfa.renew_codes": StepUp.PASSWORD_TOO,
    "account.become_admin": StepUp.CONFIRM,
    "emergency.open_record": StepUp.CONFIRM,
    "clients.start_reset": StepUp.CONFIRM,
    "audit.export": StepUp.CONFIRM,
    "colleagues.invite": StepUp.CONFIRM,
    "colleagues.save_rule": StepUp.CONFIRM,
    "setup.save_factors": StepUp.CONFIRM,
    "colleagues.start_client_reset": StepUp.CONFIRM,
    "colleagues.give_roles": StepUp.CONFIRM,
    "colleagues.invite_again": StepUp.CONFIRM,
    "colleagues.disable": StepUp.CONFIRM,
    "colleagues.enable": StepUp.CONFIRM,
    "colleagues.start_reset": StepUp.CONFIRM,
    "colleagues.stop_reset": StepUp.CONFIRM,
}


def test_saved_cookie_opens_no_address_after_signing_out(app: Flask, settings: Settings) -> None:
    account_with_password(Role.CLIENT, Role.PROVIDER, Role.ADMIN)
    browser = people.browser(app)
    knock(browser)
    saved = cookie(browser) or ""
    assert browser.get("/account").status_code == 200
    browser.send("/sign-out")
    thief, tried = people.browser(app), 0
    thief.set_cookie(sessions.COOKIE, saved, domain="localhost", secure=True)
    before = fingerprints()
    for method in ("GET", "POST"):
        for rule, declared in rules(app, method):
            if isinstance(declared.allow, Public):
                continue
            fields = {"csrf_token": thief.form_token()} if method == "POST" else {}
            answer = thief.open(filled(rule), method=method, data=fields)
            assert answer.status_code == (401 if declared.json else 302), rule.endpoint
            assert declared.json or answer.location.startswith("/sign-in"), rule.endpoint
            tried += 1
    assert tried > 90
    assert fingerprints() == before


def test_what_matters_asks_once_more_who_one_is(app: Flask) -> None:
    declared = {
        rule.endpoint: promise.step_up
        for method in ("GET", "POST")
        for rule, promise in rules(app, method)
        if rule.endpoint in ASKS_AGAIN
    }
    assert declared == ASKS_AGAIN
    others = {rule.endpoint for rule, promise in rules(app, "POST") if promise.step_up and promise.json is False}
    assert others <= set(ASKS_AGAIN), "a new one is a line above"


@pytest.mark.parametrize("enrolled", [False, True], ids=["password", "second factor"])
def test_posting_directly_without_a_fresh_proof_is_refused_at_every_address(
    app: Flask, settings: Settings, enrolled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with_app(Role.ADMIN)[0] if enrolled else account_with_password(Role.ADMIN)
    browser = people.sign_in(app, account, Role.ADMIN)
    let_proofs_age()
    registry = app.extensions["wellhouse.rules"]
    tried = 0
    for method in ("GET", "POST"):
        for rule, promise in rules(app, method):
            if promise.step_up is None:
                continue
            open_rule = type(promise)(**{**vars(promise), "allow": Public("the rule itself is not what is asked here")})
            monkeypatch.setitem(registry, rule.endpoint, open_rule)
            if method == "GET":
                answer = browser.get(filled(rule))
                asked = answer.status_code == 302 and answer.location.startswith("/account/confirm?need=")
                assert asked or (promise.json and answer.status_code == 403), rule.endpoint
                continue
            before = AuditEvent.select().where(AuditEvent.action == Action.ACCESS_DENIED).count()
            answer = browser.send(filled(rule))
            assert answer.status_code == 403, rule.endpoint
            after = AuditEvent.select().where(AuditEvent.action == Action.ACCESS_DENIED).count()
            assert after == before + 1, rule.endpoint
            tried += 1
    assert tried >= 20
