"""The second half of signing in: password right, now a code, a recovery code or a key. And passkeys, which are both."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext

from core.errors import Invalid, Refused
from core.settings import Settings
from webapp.access.actor import anonymous
from webapp.account import devices, throttle
from webapp.account.mfa import copies, pending, proofs, security_keys
from webapp.account.mfa.models import Purpose
from webapp.account.mfa.pending import Owed
from webapp.account.signing_in import Caller, Opened, open_session
from webapp.account.words import too_many
from webapp.audit.events import Action, Event, Outcome
from webapp.audit.models import AuditEvent
from webapp.crypto.keyring import Keyring
from webapp.db.unit import unit

SPENT_FOR = timedelta(hours=1)  # challenges that are over are forgotten well before


class StartAgain(Refused):
    """Too many wrong proofs, or too late: back to the password."""

    def __init__(self) -> None:
        super().__init__(gettext("Please sign in again with your password, then you get new tries."))


def by_code(owed: Owed, code: str, caller: Caller, settings: Settings, *, at: datetime) -> Opened:
    """A session for a code from the authenticator app. WrongCode, StartAgain or TooManyTries otherwise."""
    return _finish(owed, caller, settings, lambda: proofs.check_app_code(owed.account, code, at=at), at=at)


def by_recovery_code(
    owed: Owed, code: str, caller: Caller, settings: Settings, keyring: Keyring, *, at: datetime
) -> Opened:
    """A session for one of the ten codes, which is used up."""
    used = Event(Action.RECOVERY_CODE_USED, anonymous(caller.address), about={"account": owed.account})

    def check() -> None:
        proofs.check_recovery_code(owed.account, code, keyring, at=at)

    return _finish(owed, caller, settings, check, used, at=at)


def begin_key(owed: Owed, settings: Settings, *, at: datetime) -> security_keys.Begun:
    """Ask the browser for one of the account's keys."""
    return security_keys.begin_use(settings, Purpose.SIGN_IN, account=owed.account, at=at)


def by_key(
    owed: Owed, ceremony: uuid.UUID, answer: Mapping[str, Any], caller: Caller, settings: Settings, *, at: datetime
) -> Opened:
    """A session for a key's answer."""
    try:
        challenge = security_keys.claim(ceremony, Purpose.SIGN_IN, account=owed.account, at=at)
    except security_keys.SpentChallenge:
        if pending.spend_try(owed):  # so the record has five rows of it at most
            _record_failure(caller, {"account": owed.account})
        raise

    def check() -> None:
        security_keys.finish_use(settings, challenge, answer, account=owed.account, at=at)

    try:
        return _finish(owed, caller, settings, check, at=at)
    except security_keys.ClonedKey as e:
        copies.record(e, anonymous(caller.address), settings, at=at)
        raise


def begin_passkey(caller: Caller, settings: Settings, *, at: datetime) -> security_keys.Begun:
    """Ask the browser for any passkey that it has for this site. Refused if it asks again and again."""
    try:
        return security_keys.begin_by_stranger(settings, address=caller.address, at=at)
    except throttle.TooManyTries as e:
        raise Refused(too_many(e)) from e


def by_passkey(
    ceremony: uuid.UUID, answer: Mapping[str, Any], caller: Caller, settings: Settings, *, at: datetime
) -> Opened:
    """A session for a passkey alone: it has verified its owner, so it stands for password and second factor.

    Refused if the account may not sign in any more.
    """
    try:
        challenge = security_keys.claim(ceremony, Purpose.SIGN_IN, account=None, at=at)
    except security_keys.SpentChallenge:
        _record_spent(ceremony, caller, at=at)
        raise
    try:
        with unit() as work:
            key = security_keys.finish_use(settings, challenge, answer, account=None, at=at)
            opened = open_session(key.account.id, caller, settings.portal, at=at)
            work.events.append(Event(Action.PASSKEY_USED, opened.actor, about={"key": key.id}))
            return opened
    except security_keys.ClonedKey as e:
        copies.record(e, anonymous(caller.address), settings, at=at)
        raise
    except Invalid:
        _record_failure(caller, {})
        raise


def _finish(
    owed: Owed, caller: Caller, settings: Settings, check: Callable[[], None], *events: Event, at: datetime
) -> Opened:
    known = devices.is_known(owed.account, caller.device_token, at=at)
    keys = throttle.keys_of(f"second factor {owed.email}", caller.address, caller.device_token if known else None)
    ticket = throttle.enter(keys, at=at)
    if not pending.spend_try(owed):
        raise StartAgain
    try:
        with unit(*events):
            check()
            if not pending.finish(owed, at=at):
                raise StartAgain
            throttle.forgive(ticket)
            return open_session(owed.account, caller, settings.portal, at=at)
    except Invalid:
        _record_failure(caller, {"account": owed.account})
        raise


def _record_failure(caller: Caller, about: Mapping[str, uuid.UUID]) -> None:
    stranger = anonymous(caller.address)
    with unit(Event(Action.SECOND_FACTOR_FAILED, stranger, about=about, outcome=Outcome.REFUSED)):
        pass


def _record_spent(ceremony: uuid.UUID, caller: Caller, *, at: datetime) -> None:
    # One row for each challenge, however often a stranger sends its answer: nobody shall fill the record.
    about = {"ceremony": str(ceremony)}
    lately = (AuditEvent.at > at - SPENT_FOR) & (AuditEvent.action == Action.SECOND_FACTOR_FAILED)
    if not AuditEvent.select().where(lately & (AuditEvent.about == about)).exists():
        _record_failure(caller, {"ceremony": ceremony})
