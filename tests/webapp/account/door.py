"""What tests about the door share: an account with a password, and trying to get in with it."""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.webapp import people
from tests.webapp.people import Browser
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.account import hashing
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent

EMAIL = "amara@example.org"
PASSWORD = "kettle-orange-violin-9"


def account_with_password(*roles: Role, email: str = EMAIL, password: str = PASSWORD) -> Account:
    return people.make_account(*roles, email=email, password_hash=hashing.make(password))


def knock(browser: Browser, email: str = EMAIL, password: str = PASSWORD, **more: str) -> TestResponse:
    """Send the sign-in form."""
    return browser.send("/sign-in", {"email": email, "password": password, **more})


def cookie(browser: Browser, name: str = sessions.COOKIE) -> str | None:
    found = browser.get_cookie(name, domain="localhost")
    return found.value if found else None


def recorded() -> list[Action]:
    """The record's actions, oldest first."""
    return [row.action for row in AuditEvent.select().order_by(AuditEvent.sequence)]
