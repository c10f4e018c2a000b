"""What is believed of a security key's answer, tried with one in software."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES384
from fido2.utils import websafe_decode, websafe_encode
from flask import Flask
from werkzeug.test import TestResponse

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, cookie, knock, recorded
from tests.webapp.account.mfa.enrolled import confirm
from tests.webapp.account.mfa.soft_key import SoftKey
from webapp.access.actor import Role
from webapp.account.mfa import security_keys
from webapp.account.mfa.models import Ceremony, SecurityKey
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail, MailTemplate

EXTENSIONS = 0x80  # the flag that says that there are some (WebAuthn, 6.1)


def owner(app: Flask, email: str = EMAIL) -> people.Browser:
    """Somebody on their MFA tab."""
    account_with_password(Role.PROVIDER, email=email)
    browser = people.browser(app)
    knock(browser, email=email)
    confirm(browser, PASSWORD)
    return browser


def register(browser: people.Browser, key: SoftKey, name: str = "Blue key") -> TestResponse:
    begun = browser.send_json("/account/mfa/keys/options").json
    assert begun
    answer = key.create(begun["options"])
    return browser.send_json("/account/mfa/keys", {"ceremony": begun["ceremony"], "answer": answer, "name": name})


def begin(browser: people.Browser) -> dict[str, Any]:
    begun = browser.send_json("/sign-in/passkey/options").json
    assert begun
    return dict(begun)


def enter(browser: people.Browser, key: SoftKey) -> TestResponse:
    """Sign in by passkey alone."""
    begun = begin(browser)
    body = {"ceremony": begun["ceremony"], "answer": key.get(begun["options"]), "next": "/account"}
    return browser.send_json("/sign-in/passkey", body)


def said(answer: TestResponse) -> str:
    assert answer.json
    return str(answer.json["sentence"])


def test_key_is_registered_and_signs_in_with_its_counter_kept(app: Flask) -> None:
    key = SoftKey()
    answer = register(owner(app), key)
    assert (answer.status_code, len((answer.json or {})["codes"])) == (200, 10)
    browser = people.browser(app)
    entered = enter(browser, key)
    assert (entered.status_code, entered.json) == (200, {"next": "/account"})
    assert browser.get("/account").status_code == 200
    assert SecurityKey.get().sign_count == 1
    assert recorded()[-2:] == [Action.SIGNED_IN, Action.PASSKEY_USED]


def test_browser_is_asked_for_verification_and_for_no_key_that_is_there_already(app: Flask) -> None:
    browser, key = owner(app), SoftKey()
    register(browser, key)
    options = browser.send_json("/account/mfa/keys/options").json["options"]["publicKey"]  # type: ignore[index]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [one["id"] for one in options["excludeCredentials"]] == [SecurityKey.get().credential_id]
    assert options["rp"]["id"] == "localhost"
    asked = begin(people.browser(app))["options"]["publicKey"]
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials")
    assert len(asked["challenge"]) >= 43  # 32 bytes


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://localhost.e.example"},
        {"origin": "http://localhost"},
        {"origin": "https://localhost:8443"},
        {"rp_id": "e.example"},
        {"verified": False},
    ],
)
def test_answer_for_another_site_or_without_its_owner_is_refused(app: Flask, wrong: dict[str, Any]) -> None:
    browser = owner(app)
    bad, good = SoftKey(), SoftKey()
    for name, value in wrong.items():
        setattr(bad, name, value)
    assert register(browser, bad).status_code == 400
    assert not SecurityKey.select().exists()
    register(browser, good)
    for name, value in wrong.items():
        setattr(good, name, value)
    answer = enter(people.browser(app), good)
    assert (answer.status_code, "does not open this account" in said(answer)) == (400, True)
    assert recorded()[-1] is Action.SECOND_FACTOR_FAILED


def test_signature_by_another_key_is_refused(app: Flask) -> None:
    key, other = SoftKey(), SoftKey()
    register(owner(app), key)
    key.private = other.private
    assert enter(people.browser(app), key).status_code == 400


def test_key_of_a_kind_that_is_not_on_the_list_is_not_added(app: Flask) -> None:
    key = SoftKey()
    key.private, key.kind = ec.generate_private_key(ec.SECP384R1()), ES384
    answer = register(owner(app), key)
    assert answer.status_code == 400
    assert not SecurityKey.select().exists()


def test_challenge_is_used_up_by_the_first_answer_right_or_wrong(app: Flask) -> None:
    key, other = SoftKey(), SoftKey()
    register(owner(app), key)
    browser = people.browser(app)
    begun = begin(browser)
    wrong = {"ceremony": begun["ceremony"], "answer": other.get(begun["options"])}
    right = {"ceremony": begun["ceremony"], "answer": key.get(begun["options"])}
    assert browser.send_json("/sign-in/passkey", wrong).status_code == 400
    refused = browser.send_json("/sign-in/passkey", right)
    assert (refused.status_code, "start again" in said(refused)) == (400, True)
    assert enter(browser, key).status_code == 200
    again = begin(people.browser(app))
    body = {"ceremony": again["ceremony"], "answer": key.get(again["options"])}
    assert people.browser(app).send_json("/sign-in/passkey", body).status_code == 200
    assert people.browser(app).send_json("/sign-in/passkey", body).status_code == 400


def test_challenge_ends_after_five_minutes_and_is_forgotten(app: Flask) -> None:
    key = SoftKey()
    register(owner(app), key)
    browser = people.browser(app)
    begun = begin(browser)
    with housekeeping("time passes"):
        Ceremony.update(expires_at=utcnow()).execute()
    body = {"ceremony": begun["ceremony"], "answer": key.get(begun["options"])}
    assert browser.send_json("/sign-in/passkey", body).status_code == 400
    assert security_keys.forget_expired(at=utcnow() + timedelta(seconds=1)) == 2


def test_address_that_asks_again_and_again_is_sent_away_and_others_are_not(app: Flask) -> None:
    browser, path = people.browser(app), "/sign-in/passkey/options"
    for _ in range(security_keys.STRANGERS_MAX):
        assert browser.send_json(path).status_code == 200
    answer = browser.send_json(path)
    assert (answer.status_code, "too many tries" in said(answer)) == (403, True)
    assert Ceremony.select().count() == security_keys.STRANGERS_MAX
    elsewhere = people.browser(app)
    assert elsewhere.send_json(path, environ_overrides={"HTTP_X_FORWARDED_FOR": "198.51.100.7"}).status_code == 200


def test_challenge_of_one_ceremony_serves_no_other(app: Flask) -> None:
    browser, key = owner(app), SoftKey()
    register(browser, key)
    begun = browser.send_json("/account/confirm/key/options").json
    assert begun
    body = {"ceremony": begun["ceremony"], "answer": key.get(begun["options"])}
    assert people.browser(app).send_json("/sign-in/passkey", body).status_code == 400


def test_counter_that_goes_back_is_refused_and_recorded(app: Flask) -> None:
    key = SoftKey()
    register(owner(app), key)
    enter(people.browser(app), key)
    enter(people.browser(app), key)
    key.counter = 1  # the next answer says 2 again
    browser = people.browser(app)
    answer = enter(browser, key)
    assert (answer.status_code, "may have been copied" in said(answer)) == (400, True)
    assert cookie(browser) is None
    assert recorded()[-1] is Action.KEY_REFUSED_AS_COPY
    assert SecurityKey.get().sign_count == 2


def test_passkey_that_always_says_nought_signs_in_again_and_again(app: Flask) -> None:
    key = SoftKey(step=0)
    register(owner(app), key)
    assert [enter(people.browser(app), key).status_code for _ in range(3)] == [200] * 3
    row = SecurityKey.get()
    assert (row.sign_count, row.backup_eligible, row.backed_up) == (0, True, True)


def test_key_of_somebody_else_is_no_second_factor(app: Flask) -> None:
    theirs = SoftKey()
    register(owner(app, "other@example.org"), theirs)
    register(owner(app), SoftKey())
    browser = people.browser(app)
    assert knock(browser).location.startswith("/sign-in/second-step")
    begun = browser.send_json("/sign-in/key/options").json
    assert begun
    body = {"ceremony": begun["ceremony"], "answer": theirs.get(begun["options"])}
    assert browser.send_json("/sign-in/key", body).status_code == 400
    assert cookie(browser) is None


def test_key_that_names_another_owner_is_refused(app: Flask) -> None:
    key = SoftKey()
    register(owner(app), key)
    key.user_handle = uuid.uuid4().bytes
    assert enter(people.browser(app), key).status_code == 400


def test_key_registered_by_somebody_else_is_a_conflict(app: Flask) -> None:
    key = SoftKey()
    register(owner(app, "other@example.org"), key)
    answer = register(owner(app), key)
    assert (answer.status_code, "already registered" in said(answer)) == (409, True)
    assert SecurityKey.select().count() == 1


def test_removed_key_and_disabled_account_are_refused(app: Flask) -> None:
    browser, key, removed = owner(app), SoftKey(), SoftKey()
    register(browser, key)
    register(browser, removed, "Old")
    row = SecurityKey.get(SecurityKey.name == "Old")
    browser.send(f"/account/mfa/{row.id}/remove")
    assert enter(people.browser(app), removed).status_code == 400
    assert enter(people.browser(app), key).status_code == 200
    with housekeeping("this test's person"):
        Account.update(disabled_at=utcnow()).execute()
    assert enter(people.browser(app), key).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ceremony": "x", "answer": {}},
        {"ceremony": str(uuid.uuid4()), "answer": {}},
        {"ceremony": str(uuid.uuid4()), "answer": []},
        {"ceremony": None, "answer": {"response": None}},
    ],
)
def test_what_is_no_answer_is_a_clear_no(app: Flask, body: dict[str, Any]) -> None:
    answer = people.browser(app).send_json("/sign-in/passkey", body)
    assert answer.status_code == 400
    assert said(answer)


@pytest.mark.parametrize(
    "broken",
    [
        {"response": {}},
        {"response": "x"},
        {"rawId": "!!"},
        {"rawId": 7},
        {"response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}},
        {"id": "other", "type": "password"},
        {"clientExtensionResults": "x"},
        {"clientExtensionResults": 7},
    ],
)
def test_mutilated_answer_is_a_clear_no(app: Flask, broken: dict[str, Any]) -> None:
    browser, key = owner(app), SoftKey()
    register(browser, key)
    stranger = people.browser(app)
    begun = begin(stranger)
    answer = {**key.get(begun["options"]), **broken}
    assert stranger.send_json("/sign-in/passkey", {**begun, "answer": answer}).status_code == 400
    begun = browser.send_json("/account/mfa/keys/options").json or {}
    made = {**SoftKey().create(begun["options"]), **broken}
    assert browser.send_json("/account/mfa/keys", {**begun, "answer": made, "name": "x"}).status_code == 400
    assert SecurityKey.select().count() == 1


@pytest.mark.parametrize("tail", [b"", b"\x81" * 5000, b"\xbf", b"\x5b" + b"\xff" * 8, b"\xfb\x00", b"\xa1\x01"])
def test_hostile_bytes_in_an_answer_are_a_clear_no(app: Flask, tail: bytes) -> None:
    browser, key = owner(app), SoftKey()
    register(browser, key)
    stranger = people.browser(app)
    begun = begin(stranger)
    answer = key.get(begun["options"])
    data = bytearray(websafe_decode(answer["response"]["authenticatorData"]))
    data[32] |= EXTENSIONS
    answer["response"]["authenticatorData"] = websafe_encode(bytes(data) + tail)
    assert stranger.send_json("/sign-in/passkey", {**begun, "answer": answer}).status_code == 400
    assert recorded()[-1] is Action.SECOND_FACTOR_FAILED
    begun = browser.send_json("/account/mfa/keys/options").json or {}
    made = SoftKey().create(begun["options"])
    attestation = websafe_decode(made["response"]["attestationObject"])
    made["response"]["attestationObject"] = websafe_encode(tail or attestation[:60])
    assert browser.send_json("/account/mfa/keys", {**begun, "answer": made, "name": "x"}).status_code == 400
    assert recorded()[-1] is Action.FACTOR_REFUSED


def test_owner_and_admins_are_told_of_a_copied_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.extensions["wellhouse.settings"]
    monkeypatch.setitem(app.extensions, "wellhouse.settings", people.with_relay(settings))
    people.make_account(Role.ADMIN, email="admin@example.org")
    key = SoftKey()
    register(owner(app), key)
    enter(people.browser(app), key)
    key.counter = 0
    enter(people.browser(app), key)
    told = {mail.to for mail in Mail.select() if mail.template is MailTemplate.KEY_REFUSED}
    assert told == {EMAIL, "admin@example.org"}


@pytest.mark.parametrize("where", ["/account/confirm/key", "/sign-in/key"])
def test_wrong_keys_are_slowed_down_and_it_is_said_when_to_try_again(app: Flask, where: str) -> None:
    browser, key = owner(app), SoftKey()
    register(browser, key)
    if where == "/sign-in/key":
        browser = people.browser(app)
        knock(browser)
    answers = []
    for _ in range(6):
        if len(answers) == 5 and where == "/sign-in/key":
            knock(browser)  # five tries are up: the password again
        begun = browser.send_json(f"{where}/options").json
        assert begun
        wrong = {**key.get(begun["options"]), "id": "AAAA", "rawId": "AAAA"}
        answers.append(browser.send_json(where, {"ceremony": begun["ceremony"], "answer": wrong}))
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert "try again in" in said(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) > 0
