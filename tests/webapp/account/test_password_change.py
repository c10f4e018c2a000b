"""One's own password and address in My Account, and switching to the admin role: after showing who one is."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, cookie, knock, recorded
from tests.webapp.account.mails import mailed, path_of, token_of, use_relay
from tests.webapp.account.mfa.enrolled import account_with_app, code, confirm, everything_recorded, let_proofs_age
from webapp.access.actor import Role
from webapp.account.browser import PENDING_COOKIE
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.outbox.models import Mail, MailTemplate

NEW = "copper-lantern-sails-22"


def at_password(app: Flask, *roles: Role) -> people.Browser:
    """Somebody at My Account > Password who has given the old one."""
    account = account_with_password(*(roles or (Role.PROVIDER,)))
    browser = people.sign_in(app, account)
    confirm(browser, PASSWORD, next="/account/password")
    return browser


def test_new_password_replaces_the_old_one(app: Flask) -> None:
    browser = at_password(app)
    page = browser.get("/account/password").text
    assert re.search(r'<a href="/account/password" aria-current="page">Password</a>', page)
    assert "At least 12 characters" in page
    assert browser.send("/account/password", {"password": NEW}).status_code == 302
    assert browser.get("/account").status_code == 200
    assert knock(people.browser(app)).status_code == 403
    assert knock(people.browser(app), password=NEW).status_code == 302
    assert Action.PASSWORD_CHANGED in recorded()
    assert NEW not in everything_recorded()


def test_admin_needs_a_longer_password(app: Flask) -> None:
    browser = at_password(app, Role.ADMIN)
    answer = browser.send("/account/password", {"password": "copper-lant-22"})
    assert (answer.status_code, "at least 15" in answer.text) == (200, True)


@pytest.mark.parametrize("bad", ["", "short", "amara-okafor-amara", "password1234", "z" * 129])
def test_password_that_cannot_be_used_is_said_and_the_old_one_stays(app: Flask, bad: str) -> None:
    browser = at_password(app)
    answer = browser.send("/account/password", {"password": bad})
    assert answer.status_code == 200
    assert "Passwords have to be written once more." in answer.text
    assert knock(people.browser(app)).status_code == 302


def test_all_other_browsers_are_signed_out_and_half_sign_ins_too(app: Flask) -> None:
    _, seed = account_with_app(Role.PROVIDER)
    account = Account.get()
    elsewhere, half = people.sign_in(app, account), people.browser(app)
    knock(half)
    assert cookie(half, PENDING_COOKIE)
    browser = people.sign_in(app, account)
    confirm(browser, PASSWORD)
    assert browser.send("/account/password", {"password": NEW}).status_code == 302
    assert elsewhere.get("/account").status_code == 302
    assert half.send("/sign-in/code", {"code": code(seed)}).status_code == 403
    assert browser.get("/account").status_code == 200


def test_owner_is_told_by_mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    use_relay(app, monkeypatch)
    at_password(app).send("/account/password", {"password": NEW})
    assert [to for to, _ in mailed(MailTemplate.SIGN_IN_CHANGED)] == [EMAIL]


def stale(app: Flask, *roles: Role) -> people.Browser:
    browser = people.sign_in(app, account_with_password(*roles))
    let_proofs_age()
    return browser


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/password", {"password": NEW}),
        ("/account/email", {"email": "new@example.org"}),
        ("/account/role/admin", {}),
    ],
)
def test_direct_post_without_a_fresh_proof_is_refused_and_the_page_asks_for_one(
    app: Flask, path: str, fields: dict[str, str]
) -> None:
    browser = stale(app, Role.PROVIDER, Role.ADMIN)
    assert browser.send(path, fields).status_code == 403
    assert recorded()[-1] is Action.ACCESS_DENIED
    asked = browser.get(path)
    assert asked.location.startswith("/account/confirm?need=")
    assert Account.get().email == EMAIL
    assert knock(people.browser(app)).status_code == 302
    assert browser.get("/practice").status_code == 404


def test_way_to_the_admin_role_asks_once_more_who_one_is(app: Flask) -> None:
    browser = stale(app, Role.PROVIDER, Role.ADMIN)
    assert re.search(r'href="/account/role/admin"', browser.get("/account").text)
    asked = browser.get("/account/role/admin")
    assert asked.location == "/account/confirm?need=confirm&next=/account/role/admin"
    browser.send("/account/confirm/password", {"password": PASSWORD, "need": "confirm", "next": "/account/role/admin"})
    assert "Switch to Admin role</button>" in browser.get("/account/role/admin").text
    before = cookie(browser)
    assert browser.send("/account/role/admin").status_code == 302
    assert cookie(browser) != before
    assert browser.get("/practice").status_code == 200
    assert browser.get("/account/role/admin").location == "/"
    let_proofs_age()
    assert browser.send("/account/role/provider").status_code == 302


def test_just_after_signing_in_the_menu_switches_at_once(app: Flask) -> None:
    account_with_password(Role.PROVIDER, Role.ADMIN)
    browser = people.browser(app)
    knock(browser)
    assert '<form method="post" action="/account/role/admin">' in browser.get("/account").text
    assert browser.send("/account/role/admin").status_code == 302


@pytest.mark.parametrize("roles", [(Role.PROVIDER,), (Role.CLIENT,)])
def test_who_has_no_admin_role_finds_no_way_to_it(app: Flask, roles: tuple[Role, ...]) -> None:
    browser = people.sign_in(app, account_with_password(*roles))
    assert browser.get("/account/role/admin").status_code == 404
    assert browser.send("/account/role/admin").status_code == 404
    assert "Admin role" not in browser.get("/account").text


def at_email(app: Flask) -> people.Browser:
    browser = people.sign_in(app, account_with_password(Role.PROVIDER))
    confirm(browser, PASSWORD, next="/account/email")
    return browser


def test_without_a_relay_the_new_address_is_believed(app: Flask) -> None:
    browser = at_email(app)
    assert "nobody checks it" in browser.get("/account/email").text
    assert browser.send("/account/email", {"email": " New@Example.org "}).status_code == 302
    assert knock(people.browser(app)).status_code == 403
    assert knock(people.browser(app), "new@example.org").status_code == 302
    assert Action.ADDRESS_CHANGED in recorded()


def test_address_that_somebody_has_is_refused_where_nobody_can_be_asked(app: Flask) -> None:
    people.make_account(email="taken@example.org")
    answer = at_email(app).send("/account/email", {"email": "taken@example.org"})
    assert (answer.status_code, "signs in with this address already" in answer.text) == (200, True)
    assert Account.select().where(Account.email == EMAIL).exists()


def test_new_address_counts_once_its_link_was_opened_by_its_owner(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    use_relay(app, monkeypatch)
    browser = at_email(app)
    browser.send("/account/email", {"email": "new@example.org"})
    assert Account.get().email == EMAIL
    ((to, values),) = mailed(MailTemplate.PROVE_ADDRESS)
    assert to == "new@example.org"
    other = people.sign_in(app, people.make_account(email="other@example.org"))
    assert other.get(path_of(values["link"])).status_code == 409
    assert other.send("/account/address", {"link": token_of(values["link"])}).status_code == 409
    assert "new@example.org" in browser.get(path_of(values["link"])).text
    assert browser.send("/account/address", {"link": token_of(values["link"])}).status_code == 302
    assert Account.get_by_id(Account.get(Account.email == "new@example.org").id)
    assert [to for to, _ in mailed(MailTemplate.SIGN_IN_CHANGED)] == [EMAIL]
    assert browser.send("/account/address", {"link": token_of(values["link"])}).status_code == 409


def test_taken_address_is_answered_like_a_free_one_and_gets_no_mail(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_relay(app, monkeypatch)
    people.make_account(email="taken@example.org")
    browser = at_email(app)
    answers = [browser.send("/account/email", {"email": email}) for email in ("taken@example.org", "new@example.org")]
    assert len({(answer.status_code, answer.location) for answer in answers}) == 1
    assert [mail.to for mail in Mail.select()] == ["new@example.org"]
