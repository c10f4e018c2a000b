"""Proving within a session that it is still the same person. Each proof gives the session a new id."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext

from core.errors import Invalid
from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import Actor
from webapp.access.sessions import LiveSession
from webapp.access.step_up import FRESH_FOR, StepUp
from webapp.account import hashing, passwords, throttle
from webapp.account.actions import note_password
from webapp.account.mfa import copies, proofs, security_keys
from webapp.account.mfa.models import Purpose
from webapp.account.mfa.queries import factors_of
from webapp.account.models import Account
from webapp.audit.events import Action, Event, Outcome
from webapp.crypto.keyring import Keyring
from webapp.db.unit import unit


def asks_password(actor: Actor, session: LiveSession, need: StepUp, *, at: datetime) -> bool:
    """Whether the password is what is missing now; otherwise it is the second factor."""
    if need is StepUp.PASSWORD_TOO:
        return session.password_at is None or at - session.password_at > FRESH_FOR
    return not factors_of(actor.id).any


def by_password(actor: Actor, session: LiveSession, password: str, *, at: datetime) -> str:
    """The token of the session after the right password. Invalid (field “password”) or TooManyTries otherwise."""
    account = Account.get_by_id(actor.id)
    ticket = throttle.enter(_tries_of(actor, session), at=at)
    typed = passwords.tidy(password) or ""
    if not hashing.fits(account.password_hash, typed, known=True):
        _record_failure(actor)
        raise Invalid(gettext("That is not your password. Please try again."), field="password")
    note_password(account, typed)
    with unit(Event(Action.CONFIRMED, actor, about={"by": "password"})):
        throttle.forgive(ticket)
        enough = None if factors_of(actor.id).any else at
        return sessions.exchange(session.id, actor.role, at=at, password_at=at, confirmed_at=enough)


def by_code(actor: Actor, session: LiveSession, code: str, *, at: datetime) -> str:
    """The token of the session after a right code from the authenticator app."""
    return _by_factor(actor, session, "app", lambda: proofs.check_app_code(actor.id, code, at=at), at=at)


def by_recovery_code(actor: Actor, session: LiveSession, code: str, keyring: Keyring, *, at: datetime) -> str:
    """The token of the session after a recovery code, which is used up."""
    return _by_factor(
        actor,
        session,
        "recovery code",
        lambda: proofs.check_recovery_code(actor.id, code, keyring, at=at),
        at=at,
    )


def begin_key(actor: Actor, settings: Settings, *, at: datetime) -> security_keys.Begun:
    """Ask the browser for one of the actor's keys."""
    return security_keys.begin_use(settings, Purpose.CONFIRM, account=actor.id, at=at)


def by_key(
    actor: Actor,
    session: LiveSession,
    ceremony: uuid.UUID,
    answer: Mapping[str, Any],
    settings: Settings,
    *,
    at: datetime,
) -> str:
    """The token of the session after a key's answer."""
    try:
        challenge = security_keys.claim(ceremony, Purpose.CONFIRM, account=actor.id, at=at)
    except security_keys.SpentChallenge:
        throttle.enter(_tries_of(actor, session), at=at)
        _record_failure(actor)
        raise

    def check() -> None:
        security_keys.finish_use(settings, challenge, answer, account=actor.id, at=at)

    try:
        return _by_factor(actor, session, "key", check, at=at)
    except security_keys.ClonedKey as e:
        copies.record(e, actor, settings, at=at)
        raise


def _by_factor(actor: Actor, session: LiveSession, by: str, check: Callable[[], None], *, at: datetime) -> str:
    ticket = throttle.enter(_tries_of(actor, session), at=at)
    try:
        with unit(Event(Action.CONFIRMED, actor, about={"by": by})):
            check()
            throttle.forgive(ticket)
            return sessions.exchange(session.id, actor.role, at=at, confirmed_at=at)
    except Invalid:
        _record_failure(actor)
        raise


def _tries_of(actor: Actor, session: LiveSession) -> throttle.Keys:
    # Counted for this session alone: neither a crowd at the door nor a thief elsewhere can keep the owner out.
    return throttle.keys_of(f"confirm {actor.id}", actor.address, str(session.id))


def _record_failure(actor: Actor) -> None:
    with unit(Event(Action.CONFIRM_FAILED, actor, outcome=Outcome.REFUSED)):
        pass
