"""My Account > Notifications: of the mails that may be done without, each chooses which come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import PASSWORD, account_with_password, recorded
from tests.webapp.account.mails import mailed, use_relay
from tests.webapp.account.mfa.enrolled import confirm
from tests.webapp.clients.records import make_client
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.outbox.models import MailTemplate

PAGE = "/account/notifications"


def book(app: Flask, client_account: Account) -> None:
    """A provider books an appointment for whoever signs in with this account."""
    provider = people.make_account(Role.PROVIDER)
    client = make_client(provider, account=client_account)
    at_provider = people.sign_in(app, provider)
    day = (utcnow() + timedelta(days=3)).date().isoformat()
    fields = {"day": day, "time": "10:00", "minutes": "50"}
    answer = at_provider.send(f"/clients/{client.id}/appointments/new", fields)
    assert answer.status_code == 302, answer.text


def test_news_of_appointments_come_until_they_are_switched_off_and_again_after(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_relay(app, monkeypatch)
    accounts = [people.make_account(Role.CLIENT) for _ in range(3)]
    browsers = [people.sign_in(app, account) for account in accounts]
    assert "checked" in browsers[0].get(PAGE).text
    assert browsers[1].send(PAGE, {}).status_code == 302
    assert "checked" not in browsers[1].get(PAGE).text
    browsers[2].send(PAGE, {})
    browsers[2].send(PAGE, {"appointment": "y"})
    for account in accounts:
        book(app, account)
    assert [to for to, _ in mailed(MailTemplate.APPOINTMENT)] == [accounts[0].email, accounts[2].email]
    assert recorded().count(Action.PREFERENCES_SAVED) == 3


def test_mails_that_keep_an_account_safe_cannot_be_switched_off(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    use_relay(app, monkeypatch)
    account = account_with_password(Role.CLIENT)
    browser = people.sign_in(app, account)
    every_kind = dict.fromkeys(MailTemplate, "")
    browser.send(PAGE, {**every_kind, "kinds": "", "sign_in_changed": "off"})
    page = browser.get(PAGE).text
    assert page.count('type="checkbox"') == 1
    assert "so they cannot be switched off" in page
    confirm(browser, PASSWORD, next="/account/password")
    browser.send("/account/password", {"password": "another-good-one-7"})
    assert [to for to, _ in mailed(MailTemplate.SIGN_IN_CHANGED)] == [account.email]


def test_who_gets_no_such_mails_is_told_so(app: Flask) -> None:
    page = people.sign_in(app, people.make_account(Role.PROVIDER)).get(PAGE).text
    assert "In your roles there are no mails that can be switched off." in page
    assert "No mail is sent from here at the moment" in page
