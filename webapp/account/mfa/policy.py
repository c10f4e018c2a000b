"""Everybody's second factors are their own."""

from __future__ import annotations

import uuid

from core.errors import NotFound
from webapp.access.actor import Actor
from webapp.access.rules import ABSENT, on
from webapp.access.table import Act, Resource
from webapp.account.mfa.models import AuthenticatorApp, SecurityKey

OwnApp = AuthenticatorApp
OwnFactor = AuthenticatorApp | SecurityKey


@on(Resource.OWN, Act.USE)
def own_new_app(actor: Actor, app_id: uuid.UUID) -> AuthenticatorApp:
    """An authenticator app of the actor's that has not yet shown a code."""
    app = AuthenticatorApp.get_or_none((AuthenticatorApp.id == app_id) & (AuthenticatorApp.account == actor.id))
    if app is None or app.confirmed_at is not None:
        raise NotFound(ABSENT)
    return app


@on(Resource.OWN, Act.USE)
def own_factor(actor: Actor, factor_id: uuid.UUID) -> AuthenticatorApp | SecurityKey:
    """One of the actor's second factors."""
    app = AuthenticatorApp.get_or_none((AuthenticatorApp.id == factor_id) & (AuthenticatorApp.account == actor.id))
    if app is not None and app.confirmed_at is not None:
        return app
    key = SecurityKey.get_or_none((SecurityKey.id == factor_id) & (SecurityKey.account == actor.id))
    if key is None:
        raise NotFound(ABSENT)
    return key
