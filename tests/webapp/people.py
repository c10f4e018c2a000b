"""Invented people for tests of the portal, and browsers in which they are signed in."""

from __future__ import annotations

import dataclasses
import itertools
import secrets
import uuid
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from core.clock import utcnow
from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import SYSTEM, Actor, Role
from webapp.account.models import Account, AccountRole
from webapp.account.queries import landing_role
from webapp.audit.events import Action, Event
from webapp.db.unit import unit

ORIGIN = "https://localhost"
PROVIDERS = ("Dr. Amara Okafor", "Tomás Rivera", "Nguyễn Thị Hương")

_numbers = itertools.count(1)


class Browser(FlaskClient):
    """A client that speaks https to the box and says where a form comes from, as browsers do under no-referrer."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", ORIGIN)
        if kwargs.get("method") == "POST" and "headers" not in kwargs:
            kwargs["headers"] = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        return super().open(*args, **kwargs)

    def form_token(self) -> str:
        """A token that the portal takes from this browser, as one of its pages would carry."""
        with self.session_transaction(base_url=ORIGIN) as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        signer = URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token")
        return str(signer.dumps(raw))

    def send(self, url: str, fields: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """Post a form with its token."""
        return self.post(url, data={"csrf_token": self.form_token(), **(fields or {})}, **kwargs)

    def send_json(self, url: str, body: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """Post JSON as the page's scripts do, with the token in a header."""
        headers = {"X-CSRFToken": self.form_token(), "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        return self.post(url, json=body or {}, headers=headers, **kwargs)


def make_account(
    *roles: Role, name: str = "", email: str = "", password_hash: str | None = None, time_zone: str = "America/New_York"
) -> Account:
    """An account with *roles* (a client if none is named). Without a password nobody can sign in but by sign_in()."""
    number = next(_numbers)
    with unit(Event(Action.ACCOUNT_CREATED, SYSTEM)):
        account = Account.create(
            name=name or f"{PROVIDERS[number % len(PROVIDERS)]} {number}",
            email=email or f"person{number}@example.org",
            password_hash=password_hash,
            password_is_long=True,
            time_zone=time_zone,
            created_at=utcnow(),
        )
        for role in roles or (Role.CLIENT,):
            AccountRole.create(account=account, role=role)
    return account


def with_relay(settings: Settings) -> Settings:
    """The same box with a mail relay: mails are put into the outbox, and nothing sends them."""
    relay = dataclasses.replace(settings.mail, host="relay.example.org", sender="clinic@example.org")
    return dataclasses.replace(settings, mail=relay)


def roles_of(account: Account) -> frozenset[Role]:
    return frozenset(row.role for row in AccountRole.select().where(AccountRole.account == account))


def actor(account: Account, role: Role | None = None, session: uuid.UUID | None = None) -> Actor:
    """*account* as policies and actions see it."""
    roles = roles_of(account)
    return Actor(
        role=role or landing_role(roles),
        account=account.id,
        session=session,
        name=account.name,
        roles=roles,
        time_zone=account.time_zone,
        address="127.0.0.1",
    )


def browser(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app, app.response_class, use_cookies=True)


def sign_in(app: Flask, account: Account, role: Role | None = None, *, fresh: bool = True) -> Browser:
    """A browser in which *account* is signed in as *role* (where a fresh sign-in lands), by a session row made here.

    *fresh*: a moment ago, with all proofs that there are.
    """
    settings: Settings = app.extensions["wellhouse.settings"]
    who = actor(account, role)
    with unit(Event(Action.SIGNED_IN, who)):
        _, token = sessions.start(
            account.id,
            who.role,
            settings.portal,
            address="127.0.0.1",
            device="Test",
            at=utcnow(),
            confirmed_at=utcnow() if fresh else None,
        )
    signed_in = browser(app)
    signed_in.set_cookie(sessions.COOKIE, token, domain="localhost", secure=True, httponly=True)
    return signed_in
