"""My Account > MFA: adding, naming and removing authenticator apps, and the recovery codes."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, cookie, knock, recorded
from tests.webapp.account.mfa.enrolled import (
    account_with_app,
    add_app,
    add_codes,
    code,
    confirm,
    everything_recorded,
    let_proofs_age,
)
from webapp.access.actor import Role
from webapp.account.mfa import actions, totp
from webapp.account.mfa.models import AuthenticatorApp, RecoveryCode
from webapp.audit.events import Action
from webapp.db.unit import housekeeping

CODE = re.compile(r"\b(?:[a-z2-9]{6}-){2}[a-z2-9]{6}\b")


def opened_tab(app: Flask) -> people.Browser:
    """Somebody who has given password (and code) on the way to the MFA tab."""
    browser = people.browser(app)
    assert knock(browser).status_code == 302
    confirm(browser, PASSWORD)
    return browser


def begun(browser: people.Browser) -> tuple[str, str]:
    """The address of the page with the QR code, and the key that it shows."""
    where = browser.send("/account/mfa/apps").location
    shown = re.search(r'mfa-key">([^<]+)<', browser.get(where).text)
    assert shown
    return where, shown[1].replace(" ", "")


def test_way_to_an_authenticator_app_has_the_words_that_manuals_rely_on(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    info = browser.get("/account").text
    assert "<h1" in info
    assert "My Account" in info
    assert re.search(r'<a href="/account/mfa">MFA</a>', info)
    asked = browser.get("/account/mfa")
    assert asked.location == "/account/confirm?need=password&next=/account/mfa"
    page = browser.get(asked.location).text
    assert re.search(r"<label[^>]*>Password</label>", page)
    assert re.search(r"<button[^>]*>Continue</button>", page)
    assert confirm(browser, PASSWORD) == "/account/mfa"
    assert re.search(r"<button[^>]*>.*Add Authenticator App</button>", browser.get("/account/mfa").text)
    where = browser.send("/account/mfa/apps").location
    page = browser.get(where).text
    assert "QR code" in page
    assert re.search(r"<label[^>]*>6-digit code</label>", page)
    assert re.search(r"<label[^>]*>Description name</label>", page)
    assert re.search(r"<button[^>]*>Add Authenticator App</button>", page)


def test_picture_carries_the_key_that_is_also_shown_as_text(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    where, seed = begun(browser)
    assert AuthenticatorApp.get().seed == seed
    page = browser.get(where).text
    drawn = re.search(r'class="mfa-qr" src="data:image/svg\+xml[^,]*,([^"]+)"', page)
    assert drawn
    assert "<svg" in unquote(drawn[1])
    uri = totp.provisioning_uri(seed, account_name=EMAIL, issuer="localhost")
    assert unquote(totp.qr_picture(uri).partition(",")[2]) == unquote(drawn[1]).replace("&#39;", "'")
    assert len(base64.b32decode(seed)) == 20


def test_right_code_and_a_name_add_the_app_and_show_ten_codes_once(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    where, seed = begun(browser)
    answer = browser.send(where, {"code": code(seed), "name": "  Blue   phone "})
    codes = CODE.findall(answer.text)
    assert (answer.status_code, len(set(codes))) == (201, 10)
    assert "Each works once" in answer.text
    tab = browser.get("/account/mfa").text
    assert "Blue phone" in tab
    assert "Not used yet" in tab
    assert "10 codes are left" in tab
    assert not CODE.findall(tab)
    assert browser.get(where).status_code == 404
    assert recorded()[-4:-1] == [Action.CONFIRMED, Action.FACTOR_BEGUN, Action.FACTOR_ADDED]


def test_second_app_keeps_the_codes_of_the_first(app: Flask) -> None:
    account, first = account_with_app(Role.PROVIDER)
    codes = add_codes(app, account.id)
    browser = people.browser(app)
    knock(browser)
    browser.send("/sign-in/code", {"code": code(first)})
    confirm(browser, PASSWORD)
    where, seed = begun(browser)
    answer = browser.send(where, {"code": code(seed), "name": "Red phone"})
    assert (answer.status_code, answer.location) == (302, "/account/mfa")
    assert RecoveryCode.select().count() == len(codes)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "000000", "name": "Phone"}, "This code is not right."),
        ({"code": "", "name": "Phone"}, "Please write the code."),
        ({"code": "12 34", "name": "Phone"}, "This code is not right."),
        ({"name": "  "}, "Please give it a name"),
        ({"name": "x" * 61}, "at most 60 characters"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_same_key_is_shown_again(
    app: Flask, fields: dict[str, str], said: str
) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    where, seed = begun(browser)
    answer = browser.send(where, {"code": code(seed), **fields})
    assert answer.status_code == 200
    assert said in answer.text
    assert seed in re.sub(r"\s", "", answer.text)
    assert not AuthenticatorApp.select().where(AuthenticatorApp.confirmed_at.is_null(False)).exists()
    browser.send(where, {"code": code(seed), "name": "Phone"})
    assert AuthenticatorApp.get().confirmed_at is not None


def test_code_that_added_the_app_does_not_sign_in_too(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    where, seed = begun(browser)
    used = code(seed)
    browser.send(where, {"code": used, "name": "Phone"})
    other = people.browser(app)
    knock(other)
    assert "used already" in other.send("/sign-in/code", {"code": used}).text


def test_beginning_again_forgets_the_key_that_was_only_shown(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    first, _ = begun(browser)
    for _ in range(actions.EACH_MAX + 2):
        where, _ = begun(browser)
    assert AuthenticatorApp.select().count() == 1
    assert browser.get(first).status_code == 404
    assert browser.get(where).status_code == 200


def test_app_that_never_showed_a_code_is_forgotten_after_an_hour(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    begun(opened_tab(app))
    assert actions.forget_unfinished(at=utcnow()) == 0
    assert actions.forget_unfinished(at=utcnow() + actions.UNFINISHED_LIFE * 1.01) == 1


def test_eleventh_app_is_refused_with_what_to_do(app: Flask) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    for _ in range(actions.EACH_MAX - 1):
        add_app(account.id)
    browser = people.browser(app)
    knock(browser)
    browser.send("/sign-in/code", {"code": code(seed)})
    confirm(browser, PASSWORD)
    answer = browser.send("/account/mfa/apps")
    assert (answer.status_code, "Remove one that you no longer use" in answer.text) == (409, True)


def test_other_browsers_are_signed_out_when_a_factor_is_added(app: Flask) -> None:
    account = account_with_password(Role.PROVIDER)
    elsewhere = people.sign_in(app, account)
    browser = opened_tab(app)
    where, seed = begun(browser)
    assert elsewhere.get("/account").status_code == 200
    browser.send(where, {"code": code(seed), "name": "Phone"})
    assert elsewhere.get("/account").status_code == 302
    assert browser.get("/account").status_code == 200


def test_factor_is_renamed_and_removed_with_its_recovery_codes(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    where, seed = begun(browser)
    browser.send(where, {"code": code(seed), "name": "Phone"})
    factor = AuthenticatorApp.get().id
    assert 'value="Phone"' in browser.get(f"/account/mfa/{factor}").text
    assert "Please give it a name" in browser.send(f"/account/mfa/{factor}/name", {"name": " "}).text
    assert browser.send(f"/account/mfa/{factor}/name", {"name": "Old phone"}).status_code == 302
    assert "Old phone" in browser.get("/account/mfa").text
    assert browser.send(f"/account/mfa/{factor}/remove").status_code == 302
    assert "One more lock on your account" in browser.get("/account/mfa").text
    assert not RecoveryCode.select().exists()
    assert knock(people.browser(app)).location == "/"
    assert recorded()[-3:-1] == [Action.FACTOR_RENAMED, Action.FACTOR_REMOVED]


def test_new_recovery_codes_replace_the_old_ones(app: Flask) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    old = add_codes(app, account.id)
    browser = people.browser(app)
    knock(browser)
    browser.send("/sign-in/code", {"code": code(seed)})
    confirm(browser, PASSWORD)
    fresh = CODE.findall(browser.send("/account/mfa/recovery-codes").text)
    assert len(fresh) == 10
    assert not set(fresh) & set(old)
    other = people.browser(app)
    knock(other)
    assert other.send("/sign-in/recovery-code", {"code": old[0]}).status_code == 403
    assert other.send("/sign-in/recovery-code", {"code": fresh[0]}).status_code == 302


def test_recovery_codes_without_a_factor_are_refused(app: Flask) -> None:
    account_with_password(Role.CLIENT)
    answer = opened_tab(app).send("/account/mfa/recovery-codes")
    assert (answer.status_code, "security key first" in answer.text) == (409, True)


@pytest.mark.parametrize("path", ["", "/name", "/remove"])
def test_factor_of_somebody_else_is_absent(app: Flask, path: str) -> None:
    theirs, _ = account_with_app(Role.PROVIDER, email="other@example.org")
    account_with_password(Role.ADMIN, Role.PROVIDER)
    browser = opened_tab(app)
    factor = AuthenticatorApp.get(AuthenticatorApp.account == theirs).id
    missing = "00000000-0000-4000-8000-000000000000"
    answers = [
        browser.send(f"/account/mfa/{one}{path}", {"name": "x"}) if path else browser.get(f"/account/mfa/{one}")
        for one in (factor, missing)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len(answers[0].data) == len(answers[1].data)
    assert AuthenticatorApp.select().count() == 1


POSTS = (
    "/account/mfa/apps",
    "/account/mfa/apps/{unfinished}",
    "/account/mfa/keys/options",
    "/account/mfa/keys",
    "/account/mfa/{factor}/name",
    "/account/mfa/{factor}/remove",
    "/account/mfa/recovery-codes",
)


@pytest.mark.parametrize("password_too", [False, True])
def test_posting_directly_without_fresh_proofs_is_refused_everywhere(app: Flask, password_too: bool) -> None:
    account, seed = account_with_app(Role.PROVIDER)
    add_codes(app, account.id)
    with housekeeping("an app that is being added"):
        unfinished = AuthenticatorApp.create(account=account, name="", seed=totp.new_seed(), created_at=utcnow())
    browser = people.browser(app)
    knock(browser)
    browser.send("/sign-in/code", {"code": code(seed)})
    if password_too:  # but too long ago
        confirm(browser, PASSWORD)
        let_proofs_age()
    factor = AuthenticatorApp.get(AuthenticatorApp.confirmed_at.is_null(False)).id
    before = recorded().count(Action.ACCESS_DENIED)
    for path in POSTS:
        answer = browser.send(path.format(factor=factor, unfinished=unfinished.id), {"name": "x"})
        assert (path, answer.status_code) == (path, 403)
    assert recorded().count(Action.ACCESS_DENIED) == before + len(POSTS)
    assert AuthenticatorApp.select().count() == 2
    assert RecoveryCode.select().count() == 10


@pytest.mark.parametrize(
    ("path", "page"),
    [("/account/mfa/apps/{app}", "/account/mfa/apps/{app}"), ("/account/mfa/{factor}/remove", "/account/mfa/{factor}")],
)
def test_what_was_sent_too_late_leads_over_the_proof_back_to_its_page(app: Flask, path: str, page: str) -> None:
    account, _seed = account_with_app(Role.PROVIDER)
    with housekeeping("an app that is being added"):
        unfinished = AuthenticatorApp.create(account=account, name="", seed=totp.new_seed(), created_at=utcnow())
    ids = {"app": unfinished.id, "factor": AuthenticatorApp.get(AuthenticatorApp.confirmed_at.is_null(False)).id}
    browser = people.sign_in(app, account)
    let_proofs_age()
    answer = browser.send(path.format(**ids), {"name": "x"})
    assert answer.status_code == 403
    assert f'href="/account/confirm?need=password&amp;next={page.format(**ids)}"' in answer.text


def test_nothing_secret_is_recorded(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = opened_tab(app)
    where, seed = begun(browser)
    first = code(seed)
    codes = CODE.findall(browser.send(where, {"code": first, "name": "Amaras Handy"}).text)
    other = people.browser(app)
    knock(other)
    other.send("/sign-in/code", {"code": "000000"})
    other.send("/sign-in/recovery-code", {"code": codes[0]})
    text = everything_recorded()
    assert str(AuthenticatorApp.get().id) in text
    for secret in (seed, first, "000000", *codes, PASSWORD, cookie(other) or "?", "Amaras Handy"):
        assert secret not in text
