"""Who becomes an admin with a password that is too short for one chooses another first, and loses nothing by it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.webapp import people
from tests.webapp.account.door import knock, recorded
from tests.webapp.account.mfa.enrolled import confirm
from tests.webapp.people import Browser
from webapp.access.actor import Role
from webapp.account import hashing
from webapp.account.models import Account, AccountRole
from webapp.audit.events import Action
from webapp.db.unit import housekeeping

SHORT = "teal-onion-42"  # 13 characters
LONG = "teal-onion-42-drum"


def provider_with(app: Flask, password: str) -> tuple[Account, Browser]:
    """A provider with *password*, signed in with it at the door."""
    account = people.make_account(Role.PROVIDER, email="amara@example.org", password_hash=hashing.make(password))
    with housekeeping("as if nobody had noted how long it is"):
        Account.update(password_is_long=False).execute()
    browser = people.browser(app)
    knock(browser, password=password)
    return account, browser


def promote(account: Account) -> None:
    with housekeeping("another admin gives the role"):
        AccountRole.create(account=account, role=Role.ADMIN)


def test_provider_who_becomes_an_admin_chooses_a_longer_password_at_the_first_switch(app: Flask) -> None:
    account, browser = provider_with(app, SHORT)
    promote(account)
    assert browser.send("/account/role/admin").status_code == 302
    for page in ("/", "/practice", "/colleagues", "/audit", "/account"):
        assert browser.get(page).location == "/account/password", page
    assert browser.send("/practice", {"name": "Mine"}).status_code == 403
    confirm(browser, SHORT, next="/account/password")
    page = browser.get("/account/password").text
    assert "You are an admin now." in page
    assert "at least 15 characters" in page
    assert "at least 15" in browser.send("/account/password", {"password": "teal-onion-43"}).text
    assert browser.send("/account/password", {"password": LONG}).location == "/"
    assert browser.get("/practice").status_code == 200
    assert Action.PASSWORD_CHANGED in recorded()
    again = people.browser(app)
    knock(again, password=LONG)
    again.send("/account/role/admin")
    assert again.get("/practice").status_code == 200


def test_until_then_the_other_role_goes_on_and_can_be_gone_back_to(app: Flask) -> None:
    account, browser = provider_with(app, SHORT)
    promote(account)
    assert browser.get("/clients").status_code == 200
    browser.send("/account/role/admin")
    assert browser.send("/account/role/provider").status_code == 302
    assert browser.get("/clients").status_code == 200


def test_whose_password_is_long_enough_already_switches_at_once(app: Flask) -> None:
    account, browser = provider_with(app, LONG)
    promote(account)
    browser.send("/account/role/admin")
    assert browser.get("/practice").status_code == 200


def test_confirming_with_the_password_notes_its_length_too(app: Flask) -> None:
    account, browser = provider_with(app, LONG)
    promote(account)
    with housekeeping("forgotten again"):
        Account.update(password_is_long=False).execute()
    browser.send("/account/role/admin")
    assert browser.get("/practice").location == "/account/password"
    confirm(browser, LONG, next="/practice")
    assert browser.get("/practice").status_code == 200


@pytest.mark.parametrize("roles", [(Role.ADMIN,), (Role.ADMIN, Role.CLIENT)])
def test_who_lands_in_the_admin_role_is_asked_right_after_signing_in(app: Flask, roles: tuple[Role, ...]) -> None:
    account, browser = provider_with(app, SHORT)
    with housekeeping("other roles"):
        AccountRole.delete().execute()
        for role in roles:
            AccountRole.create(account=account, role=role)
    browser = people.browser(app)
    knock(browser, password=SHORT)
    if Role.CLIENT in roles:
        browser.send("/account/role/admin")
    assert browser.get("/").location == "/account/password"
    confirm(browser, SHORT, next="/account/password")
    assert ("switch back" in browser.get("/account/password").text) is (Role.CLIENT in roles)
