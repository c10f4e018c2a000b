"""What somebody was writing: kept sealed for them alone, until they send it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from core.clock import utcnow
from core.settings import Settings
from tests.webapp.account.door import PASSWORD, account_with_password, knock
from tests.webapp.clients.records import make_client
from tests.webapp.people import Browser, make_account, sign_in
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.drafts import actions
from webapp.account.drafts.models import FormDraft
from webapp.account.models import Account
from webapp.db.database import db
from webapp.db.unit import housekeeping

PLACE = "/clients/new"
WRITTEN = {"name": "Rosa Delgado", "address": "7 Heron Way\nMontpelier"}


def keep(browser: Browser, fields: dict[str, Any] | None = None, place: Any = PLACE) -> int:
    body = {"place": place, "fields": WRITTEN if fields is None else fields}
    return browser.send_json("/account/drafts", body).status_code


def kept(browser: Browser, place: str = PLACE) -> Any:
    answer = browser.get("/account/drafts", query_string={"place": place}).json
    assert answer is not None
    return answer["fields"]


@pytest.fixture
def provider(app: Flask) -> Account:
    return account_with_password(Role.PROVIDER, Role.ADMIN)


def test_it_is_there_after_signing_in_again(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    assert keep(browser) == 204
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=31)).execute()
    assert browser.get("/account/drafts").status_code == 401
    knock(browser, email=provider.email, password=PASSWORD)
    assert kept(browser) == WRITTEN
    answer = browser.get("/account/drafts", query_string={"place": PLACE}).json
    assert answer is not None
    assert "did not send it: Today" in answer["sentence"]


def test_nobody_else_and_no_other_role_finds_it(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    keep(browser)
    assert kept(sign_in(app, make_account(Role.PROVIDER))) is None
    assert kept(browser, "/clients/other") is None
    as_admin = sign_in(app, provider, Role.ADMIN)
    assert kept(as_admin) is None
    keep(as_admin, {"name": "Another"})
    assert kept(browser) == WRITTEN


def test_it_lies_sealed_and_its_place_is_a_hash(app: Flask, provider: Account) -> None:
    keep(sign_in(app, provider))
    [row] = db.execute_sql("SELECT * FROM form_draft").fetchall()
    said = b"|".join(bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row)
    assert b"Heron" not in said
    assert b"clients" not in said


def test_form_that_was_taken_needs_it_no_more_and_one_that_was_refused_does(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    keep(browser)
    assert browser.send(PLACE, {"name": " ", "language": "en", "time_zone": "UTC"}).status_code == 200
    assert kept(browser) == WRITTEN
    assert browser.send(PLACE, {"name": "Rosa", "language": "en", "time_zone": "UTC"}).status_code == 302
    assert kept(browser) is None


def test_form_that_comes_too_late_keeps_the_draft_and_leads_back_to_itself(app: Flask, provider: Account) -> None:
    client = make_client(make_account(Role.PROVIDER))
    browser = sign_in(app, provider)
    place = f"/clients/{client.id}/emergency"
    keep(browser, {"reason": "Found unconscious at home"}, place)
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=31)).execute()
    late = browser.send(place, {"reason": "Found unconscious at home"})
    assert late.location == f"/sign-in?next={place}"
    knock(browser, email=provider.email, password=PASSWORD)
    assert kept(browser, place) == {"reason": "Found unconscious at home"}


def test_thrown_away_is_gone(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    keep(browser)
    assert browser.send_json("/account/drafts/forget", {"place": PLACE}).status_code == 204
    assert kept(browser) is None
    assert not FormDraft.select().exists()


def test_secrets_are_not_kept_whoever_sends_them(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    secrets = dict.fromkeys(("password", "new_password", "code", "csrf_token", "link", "client_secret"), "x")
    keep(browser, {**WRITTEN, **secrets})
    assert kept(browser) == WRITTEN


def test_week_later_it_is_gone(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    keep(browser)
    with housekeeping("time passes"):
        FormDraft.update(saved_at=utcnow() - timedelta(days=7, minutes=1)).execute()
    assert kept(browser) is None
    assert actions.forget_old(at=utcnow()) == 1


def test_table_does_not_grow_with_what_is_typed(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    for number in range(actions.EACH_MAX + 5):
        assert keep(browser, {"name": str(number)}, f"/clients/{number}") == 204
    assert keep(browser, {"name": "again"}, "/clients/44") == 204
    assert FormDraft.select().count() == actions.EACH_MAX
    assert kept(browser, "/clients/44") == {"name": "again"}
    assert kept(browser, "/clients/0") is None


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": "x" * 70_000}, PLACE),
        ({str(number): "x" for number in range(61)}, PLACE),
        ({"name": 1}, PLACE),
        (["name"], PLACE),
        ({}, "clients"),
        ({}, "/" + "x" * 400),
        ({}, None),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(app: Flask, provider: Account, fields: Any, place: Any) -> None:
    assert keep(sign_in(app, provider), fields, place) == 400
    assert not FormDraft.select().exists()


def test_asking_for_it_is_no_sign_of_somebody_being_there(app: Flask, provider: Account) -> None:
    browser = sign_in(app, provider)
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=20)).execute()
    kept(browser)
    assert Session.get().last_seen_at < utcnow() - timedelta(minutes=19)


def test_admin_comes_back_to_an_admins_page(app: Flask, provider: Account, settings: Settings) -> None:
    browser = sign_in(app, provider, Role.ADMIN)
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=31)).execute()
    asked = browser.get("/practice?x=1").location
    assert asked == "/sign-in?next=/account/role/admin%3Fnext%3D/practice%253Fx%253D1"
    there = "/account/role/admin?next=/practice%3Fx%3D1"
    assert knock(browser, email=provider.email, password=PASSWORD, next=there).location == there
    assert 'name="next" value="/practice?x=1"' in browser.get(there).text
    assert browser.send("/account/role/admin", {"next": "/practice?x=1"}).location == "/practice?x=1"
    assert browser.send("/account/role/provider").location == "/"
    assert browser.send("/account/role/admin", {"next": "https://evil.example"}).location == "/"
