"""Reading second factors."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from webapp.access.actor import Actor
from webapp.account.mfa import recovery
from webapp.account.mfa.models import AuthenticatorApp, SecurityKey
from webapp.account.models import Account


@dataclass(frozen=True)
class Factors:
    """Which second factors an account can use."""

    apps: bool
    keys: bool

    @property
    def any(self) -> bool:
        return self.apps or self.keys


def factors_of(account: uuid.UUID) -> Factors:
    """What *account* has enrolled."""
    apps = AuthenticatorApp.select().where(
        (AuthenticatorApp.account == account) & AuthenticatorApp.confirmed_at.is_null(False)
    )
    keys = SecurityKey.select().where(SecurityKey.account == account)
    return Factors(apps=bool(apps.exists()), keys=bool(keys.exists()))


@dataclass(frozen=True)
class Factor:
    """A line of the MFA tab."""

    id: uuid.UUID
    name: str
    added_at: datetime
    last_used_at: datetime | None
    synced: bool = False  # a passkey that its maker copies between devices


@dataclass(frozen=True)
class MyFactors:
    """The MFA tab."""

    apps: tuple[Factor, ...]
    keys: tuple[Factor, ...]
    codes_left: int

    @property
    def any(self) -> bool:
        return bool(self.apps or self.keys)

    @property
    def only_one(self) -> bool:
        return len(self.apps) + len(self.keys) == 1


def my_factors(actor: Actor) -> MyFactors:
    """The actor's own second factors."""
    apps = AuthenticatorApp.select(
        AuthenticatorApp.id, AuthenticatorApp.name, AuthenticatorApp.confirmed_at, AuthenticatorApp.last_used_at
    ).where((AuthenticatorApp.account == actor.id) & AuthenticatorApp.confirmed_at.is_null(False))
    keys = SecurityKey.select().where(SecurityKey.account == actor.id)
    return MyFactors(
        apps=tuple(
            Factor(row.id, row.name, row.confirmed_at, row.last_used_at)
            for row in apps.order_by(AuthenticatorApp.confirmed_at)
        ),
        keys=tuple(
            Factor(row.id, row.name, row.created_at, row.last_used_at, row.backed_up)
            for row in keys.order_by(SecurityKey.created_at)
        ),
        codes_left=recovery.left(actor.id),
    )


@dataclass(frozen=True)
class NewApp:
    """An authenticator app that is being added: its seed is shown until its first code is right."""

    id: uuid.UUID
    seed: str


def new_app(app: AuthenticatorApp) -> NewApp:
    """What the page with the QR code shows."""
    return NewApp(id=app.id, seed=app.seed)


def factor(row: AuthenticatorApp | SecurityKey) -> Factor:
    """One of the actor's factors, for its own page."""
    if isinstance(row, SecurityKey):
        return Factor(row.id, row.name, row.created_at, row.last_used_at, row.backed_up)
    return Factor(row.id, row.name, row.confirmed_at, row.last_used_at)


def email_of(actor: Actor) -> str:
    """The actor's address, by which an authenticator app names its line."""
    return str(Account.get_by_id(actor.id).email)
