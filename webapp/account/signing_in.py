"""Signing in and out, changing the role, ending sessions. Each gives or takes a session; none takes one over."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from core.errors import Refused
from core.log import EventLog
from core.settings import Portal
from webapp.access import sessions
from webapp.access.actor import Actor, Role, anonymous
from webapp.account import devices, hashing, passwords, throttle
from webapp.account.actions import note_password
from webapp.account.mfa import pending
from webapp.account.mfa.pending import Pending
from webapp.account.mfa.queries import factors_of
from webapp.account.models import Account
from webapp.account.queries import actor_of, landing_role, roles_of
from webapp.audit.events import Action, Event, Outcome
from webapp.db.unit import current_unit, unit

log = EventLog("wellhouse.account")


@dataclass(frozen=True)
class Caller:
    """The browser at the door: where it is, what it calls itself, and the tokens that it brought."""

    address: str
    agent: str = ""
    session_token: str | None = None
    device_token: str | None = None


@dataclass(frozen=True)
class Opened:
    """A session that has begun. The tokens are for the browser's cookies (webapp.account.browser) and nothing else."""

    actor: Actor
    session_token: str
    device_token: str


def sign_in(email: str, password: str, caller: Caller, limits: Portal, *, at: datetime) -> Opened | Pending | None:
    """A new session, or None if address and password do not belong together or the account may not sign in.

    Pending if the account has a second factor, which is then owed (webapp.account.mfa.second_step).

    TooManyTries says when to try again. One hash is computed whatever was typed.
    """
    address = email.strip().lower()
    account = Account.get_or_none(Account.email == address)
    known = account is not None and devices.is_known(account.id, caller.device_token, at=at)
    hashing.lane(known=known).refuse_if_full()
    ticket = throttle.enter(throttle.keys_of(address, caller.address, caller.device_token if known else None), at=at)
    typed = passwords.tidy(password)
    stored = account.password_hash if account is not None and typed is not None else None
    fits = hashing.fits(stored, typed or "", known=known)
    if account is None or not fits or account.disabled_at is not None or not roles_of(account.id):
        _record_failure(account, caller, slows=ticket.slows)
        return None
    if stored and typed:
        stored = note_password(account, typed)
    try:
        with unit() as work:
            throttle.forgive(ticket)
            opened = after_password(account.id, caller, limits, at=at)
            asks_more = isinstance(opened, Pending)
            work.before_commit(lambda: _refuse_if_changed(account.id, stored, asks_more=asks_more))
            return opened
    except _ChangedMeanwhile:
        _record_failure(account, caller, slows=ticket.slows)
        return None


class _ChangedMeanwhile(Exception):
    """The password was enough when it was looked at, and is not any more."""


def _refuse_if_changed(account: uuid.UUID, verified: str | None, *, asks_more: bool) -> None:
    # Hashing takes long, and a thief who knows the password may be at the door while its owner changes it or adds a
    # second factor. Runs when this unit alone commits: either the change has ended the new session, or this sees it.
    changed = Account.get_by_id(account).password_hash != verified
    if changed or (not asks_more and factors_of(account).any):
        raise _ChangedMeanwhile


def after_password(account: uuid.UUID, caller: Caller, limits: Portal, *, at: datetime) -> Opened | Pending:
    """What the right password of *account* opens: a session, or the question for its second factor. Inside a unit."""
    if not factors_of(account).any:
        return open_session(account, caller, limits, at=at)
    asked = Event(Action.SECOND_FACTOR_ASKED, anonymous(caller.address), about={"account": account})
    current_unit().events.append(asked)
    return pending.begin(account, at=at)


def open_session(
    account: uuid.UUID, caller: Caller, limits: Portal, *, role: Role | None = None, at: datetime
) -> Opened:
    """A session for *account*, in *role* or where a fresh sign-in lands; inside the caller's unit.

    A session that the browser had ends: its token was known before this sign-in.
    """
    work = current_unit()
    if caller.session_token:
        sessions.end_by_token(caller.session_token, at=at)
    role = role or landing_role(roles_of(account))
    session, token = sessions.start(
        account, role, limits, address=caller.address, device=caller.agent, at=at, confirmed_at=at
    )
    actor = actor_of(session, caller.address, at)
    if actor is None:
        raise Refused(gettext("This account cannot be used any more. Please contact the clinic."))
    work.events.append(Event(Action.SIGNED_IN, actor))
    Account.update(signed_in_at=at).where(Account.id == account).execute()
    return Opened(actor, token, devices.remember(account, caller.device_token, at=at))


def sign_out(actor: Actor, session: uuid.UUID, *, at: datetime) -> None:
    """This session is over."""
    with unit(Event(Action.SIGNED_OUT, actor)):
        sessions.end(session, at=at)


def switch_role(actor: Actor, session: uuid.UUID, role: Role, *, at: datetime) -> str:
    """The token of a new session in *role* that ends when the present one would have; the present one is over."""
    if role not in actor.roles:
        raise Refused(gettext("You do not have this role. Ask an admin of the practice."))
    with unit(Event(Action.ROLE_SWITCHED, actor, about={"to": role.value})):
        return sessions.exchange(session, role, at=at)


def end_session(actor: Actor, session: uuid.UUID, *, at: datetime) -> None:
    """End another of the actor's own sessions, as policy.own_session has loaded it."""
    with unit(Event(Action.SESSION_ENDED, actor, about={"session": session})):
        sessions.end(session, at=at)


def _record_failure(account: Account | None, caller: Caller, *, slows: bool) -> None:
    stranger, about = anonymous(caller.address), {"account": account.id} if account is not None else {}
    log.info("account.sign_in_failed", **about)
    with unit(Event(Action.SIGN_IN_FAILED, stranger, about=about, outcome=Outcome.REFUSED)) as work:
        if slows:
            work.events.append(Event(Action.SIGN_IN_SLOWED, stranger, about=about, outcome=Outcome.REFUSED))
