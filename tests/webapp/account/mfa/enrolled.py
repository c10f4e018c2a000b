"""What tests of second factors share: accounts that have some, and the codes they give."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pyotp
from flask import Flask

from core.clock import utcnow
from tests.webapp.account.door import EMAIL, account_with_password
from tests.webapp.people import Browser
from webapp.access.actor import SYSTEM, Role
from webapp.access.sessions import Session
from webapp.account.mfa import recovery, totp
from webapp.account.mfa.models import AuthenticatorApp
from webapp.account.models import Account
from webapp.audit.events import Action, Event
from webapp.audit.models import AuditEvent
from webapp.db.unit import housekeeping, unit

LONG_AGO = timedelta(minutes=6)  # proofs count for five


def account_with_app(*roles: Role, email: str = EMAIL) -> tuple[Account, str]:
    """An account with a password and an authenticator app, and the app's seed."""
    account = account_with_password(*roles, email=email)
    return account, add_app(account.id)


def add_app(account: uuid.UUID) -> str:
    """The seed of a new authenticator app of *account*."""
    seed = totp.new_seed()
    with unit(Event(Action.FACTOR_ADDED, SYSTEM)):
        AuthenticatorApp.create(
            account=account, name="Blue phone", seed=seed, created_at=utcnow(), confirmed_at=utcnow()
        )
    return seed


def add_codes(app: Flask, account: uuid.UUID) -> list[str]:
    """Ten recovery codes of *account*."""
    with unit(Event(Action.RECOVERY_CODES_MADE, SYSTEM)):
        return recovery.renew(account, app.extensions["wellhouse.keyring"])


def code(seed: str, *, off: timedelta = timedelta()) -> str:
    """What an app with *seed* shows, with its clock *off*."""
    return str(pyotp.TOTP(seed).at(utcnow() + off))


def confirm(browser: Browser, password: str, *, next: str = "/account/mfa") -> str:
    """Give the password as the page asks for it; where the answer leads."""
    answer = browser.send("/account/confirm/password", {"password": password, "next": next, "need": "password"})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def let_proofs_age() -> None:
    """Everything that was proved within a session was proved too long ago."""
    before = utcnow() - LONG_AGO
    with housekeeping("time passes"):
        Session.update(password_at=before).where(Session.password_at.is_null(False)).execute()
        Session.update(confirmed_at=before).where(Session.confirmed_at.is_null(False)).execute()


def everything_recorded() -> str:
    """The whole record as text, to look for what must not be in it."""
    return "\n".join(repr(row) for row in AuditEvent.select().tuples())
