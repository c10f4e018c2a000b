"""When a part fails, nothing opens, and nothing of the inside is shown or logged."""

from __future__ import annotations

import logging

import peewee
import pytest
from flask import Flask

from core.log import JsonLines
from tests.webapp import people
from tests.webapp.account.door import PASSWORD, account_with_password, cookie, knock
from webapp.access.actor import Role
from webapp.access.route import Feature, nothing
from webapp.access.rules import public
from webapp.account.browser import DEVICE_COOKIE
from webapp.db import database as database_module

INSIDE = ("OperationalError", "SELECT", "disk", "Traceback", "peewee", "sqlite", "psycopg")


@pytest.fixture
def broken_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement fails, as with a lost disk."""

    def fail(*_given: object, **_named: object) -> None:
        raise peewee.OperationalError("disk I/O error: SELECT secret FROM inside")

    monkeypatch.setattr(database_module._GuardedWrites, "execute_sql", fail)


@pytest.mark.parametrize(
    "address", ["/", "/account", "/account/sessions", "/practice", "/sign-in", "/healthz", "/live"]
)
def test_lost_database_opens_nothing_and_shows_nothing(
    app: Flask, address: str, request: pytest.FixtureRequest
) -> None:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER, Role.ADMIN))
    app.testing = False
    request.getfixturevalue("broken_database")
    answer = browser.get(address)
    assert answer.status_code in (500, 503)
    assert [word for word in INSIDE if word in answer.text] == []
    assert "try again" in answer.text.lower()
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_lost_database_signs_nobody_in(app: Flask, request: pytest.FixtureRequest) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    browser.get("/sign-in")
    app.testing = False
    request.getfixturevalue("broken_database")
    answer = knock(browser)
    assert answer.status_code in (500, 503)
    assert cookie(browser) is None
    assert [word for word in INSIDE if word in answer.text] == []


def test_logs_hold_neither_names_nor_passwords_nor_tokens(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)  # as start_logging() has it
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser, password="wrong-canary-password")
    knock(browser, email="canary-unknown@example.org", password="wrong-canary-password")
    knock(browser)
    browser.get("/practice?canary-query=1")
    people.browser(app).get("/account?canary-query=1")
    browser.get("/no/such/page?canary-query=1")
    people.browser(app).get("/invitation/canary-token?canary-query=1")
    tokens = [cookie(browser) or "", cookie(browser, DEVICE_COOKIE) or ""]
    formatter = JsonLines()
    everything = "\n".join(formatter.format(record) for record in caplog.records)
    assert "account.sign_in_failed" in everything
    for secret in (*tokens, PASSWORD, "canary", "amara"):
        assert secret
        assert secret not in everything, secret


def test_logged_line_cannot_be_forged_from_outside(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = people.browser(app).get("/practice/%0a%7b%22event%22%3a%22forged%22%7d%1b%5b31m")
    assert answer.status_code == 404
    for record in caplog.records:
        line = JsonLines().format(record)
        assert "\n" not in line
        assert "\x1b" not in line


def test_fault_is_logged_by_its_place_without_what_it_said(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    email = "canary@example.org"
    people.make_account(Role.PROVIDER, email=email)

    def fail() -> str:
        try:
            people.make_account(Role.PROVIDER, email=email)
        except peewee.IntegrityError as e:
            raise ValueError(email) from e
        return ""

    broken = Feature("broken", __name__)
    broken.get("/broken", allow=public("test"), records=nothing("test"))(lambda _actor: fail())
    app.register_blueprint(broken)
    app.testing = False
    assert people.browser(app).get("/broken").status_code == 500
    line = next(JsonLines().format(record) for record in caplog.records if record.getMessage() == "error.fault")
    assert "canary" not in line
    for told in ("IntegrityError", "ValueError", "test_faults.py", "in fail"):
        assert told in line
