"""The practice requires a second factor: who may ask for it, from when, of whom, and what it opens until then."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import EMAIL, account_with_password, knock
from tests.webapp.account.mails import mailed, use_relay
from tests.webapp.account.mfa.enrolled import account_with_app, add_app, add_codes, code
from webapp.access.actor import Role
from webapp.account.mfa.models import AuthenticatorApp, MfaRequirement
from webapp.account.models import Account
from webapp.db.unit import housekeeping
from webapp.outbox.models import MailTemplate


def ready_admin(app: Flask, admin: people.Browser) -> None:
    me = Account.get(Account.email == "admin@example.org")
    add_app(me.id)
    add_codes(app, me.id)


def day(days: int) -> str:
    """So many days from today, as the admin's calendar has it."""
    zone = ZoneInfo(Account.get(Account.email == "admin@example.org").time_zone)
    return (utcnow().astimezone(zone).date() + timedelta(days=days)).isoformat()


def require(admin: people.Browser, whom: str = "staff", days: int = 7) -> int:
    return admin.send("/colleagues/mfa", {"whom": whom, "first_day": day(days)}).status_code


def begin_now() -> None:
    with housekeeping("the day has come"):
        MfaRequirement.update(from_at=utcnow()).execute()


def test_who_requires_second_factors_must_have_one_and_its_codes(app: Flask, admin: people.Browser) -> None:
    first = "Add a second factor to your own account first"
    assert first in admin.get("/colleagues/mfa").text
    refused = admin.send("/colleagues/mfa", {"whom": "staff", "first_day": day(7)})
    assert (refused.status_code, first in refused.text, day(7) in refused.text) == (200, True, True)
    me = Account.get(Account.email == "admin@example.org")
    add_app(me.id)
    assert require(admin) == 200
    add_codes(app, me.id)
    assert first not in admin.get("/colleagues/mfa").text
    assert require(admin) == 302
    assert "Providers and admins must have a second factor" in admin.get("/colleagues").text


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_grace_is_from_tomorrow_to_half_a_year(app: Flask, admin: people.Browser, days: int) -> None:
    ready_admin(app, admin)
    assert require(admin, days=days) == 200
    assert require(admin, days=20) == 302
    begin_now()
    assert require(admin, "everyone", days=0) == 302  # the day stays, and who must is more


def test_until_the_day_everybody_works_on_and_after_it_who_has_none_can_only_add_one(
    app: Flask, admin: people.Browser
) -> None:
    ready_admin(app, admin)
    without, client = account_with_password(Role.PROVIDER), people.make_account(Role.CLIENT)
    browser, clients_browser = people.sign_in(app, without), people.sign_in(app, client)
    require(admin)
    assert browser.get("/account").status_code == 200
    fresh = people.browser(app)
    assert "you need a second factor" in fresh.get(knock(fresh).location).text
    begin_now()
    assert browser.get("/account").location == "/account/mfa"
    assert browser.get("/clients").location == "/account/mfa"
    assert browser.send("/account", {"name": "x"}).status_code == 403
    assert browser.get("/live").status_code == 403
    assert clients_browser.get("/account").status_code == 200
    assert admin.get("/colleagues").status_code == 200
    assert "MFA missing" in admin.get("/colleagues").text
    browser.send("/account/confirm/password", {"password": "kettle-orange-violin-9", "need": "password"})
    where = browser.send("/account/mfa/apps").location
    assert "asks for a second factor" in browser.get("/account/mfa").text
    seed = AuthenticatorApp.get(AuthenticatorApp.account == without.id).seed
    assert browser.send(where, {"code": code(seed), "name": "Phone"}).status_code == 201
    assert browser.get("/account").status_code == 200


def test_everybody_means_clients_too(app: Flask, admin: people.Browser) -> None:
    ready_admin(app, admin)
    browser = people.sign_in(app, people.make_account(Role.CLIENT))
    require(admin, "everyone")
    begin_now()
    assert browser.get("/account").location == "/account/mfa"
    assert admin.send("/colleagues/mfa", {"whom": "nobody"}).status_code == 302
    assert browser.get("/account").status_code == 200


def test_last_factor_stays_while_one_is_required(app: Flask, admin: people.Browser) -> None:
    ready_admin(app, admin)
    me = Account.get(Account.email == "admin@example.org")
    require(admin)
    let_me = {"password": "kettle-orange-violin-9", "need": "password"}
    admin.send("/account/confirm/password", let_me)
    first = AuthenticatorApp.get(AuthenticatorApp.account == me.id)
    answer = admin.send(f"/account/mfa/{first.id}/remove")
    assert (answer.status_code, "Add another one" in answer.text) == (409, True)
    add_app(me.id)
    assert admin.send(f"/account/mfa/{first.id}/remove").status_code == 302


def test_who_lacks_one_and_all_admins_are_told_by_mail(
    app: Flask, admin: people.Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_relay(app, monkeypatch)
    ready_admin(app, admin)
    account_with_password(Role.PROVIDER)
    account_with_app(Role.PROVIDER, email="has@example.org")
    account_with_password(Role.CLIENT, email="client@example.org")
    require(admin)
    assert {to for to, _ in mailed(MailTemplate.MFA_REQUIRED)} == {EMAIL}
    assert {to for to, _ in mailed(MailTemplate.MFA_RULE_CHANGED)} == {"admin@example.org"}
