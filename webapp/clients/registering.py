"""Asking to become a client: a name and an address, proved by a link, then decided by the practice.

Whoever asks learns nothing about whom the practice knows: the page is the same for everybody, one hash's time is spent,
and what else there is to say is said by a mail to the address itself.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

from core.errors import Conflict, Unavailable
from core.ids import new_token, token_hash
from core.settings import Settings
from webapp.access.actor import Role, anonymous
from webapp.account import hashing, throttle
from webapp.account.models import Account, AccountRole
from webapp.account.signing_in import Caller
from webapp.audit.events import Action, Event
from webapp.clients.models import Registration
from webapp.db.unit import housekeeping, unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate, NoticeKind
from webapp.outbox.notices import notify
from webapp.practice import queries as practice
from webapp.ui.times import dated

GOOD_FOR = timedelta(hours=24)  # to open the link
DAY = timedelta(hours=24)
MAILS_A_DAY = 3  # to one address, whoever asks for them
ASKED_A_DAY = 200  # of the whole box: more is no practice's day but somebody's script
KEEP = timedelta(days=90)  # after the decision
TOKEN_MAX = 100  # longer ones are nobody's; they are not even hashed


@dataclass(frozen=True)
class Newcomer:
    """What somebody says of themself; *language* is that of the page on which they did."""

    name: str
    email: str
    phone: str
    language: str


def is_open(settings: Settings) -> bool:
    """Whether somebody may ask: the practice wants it, and there is a relay by which an address can be proved."""
    return practice.current().registration_open and bool(settings.mail.host)


def ask(newcomer: Newcomer, caller: Caller, settings: Settings, *, at: datetime) -> None:
    """Mail a link to the newcomer's address, or, if somebody signs in with it, that they can do so.

    TooManyTries as at the door; Unavailable once too many have asked on one day.
    """
    hashing.lane(known=False).refuse_if_full()
    throttle.enter(throttle.keys_of(f"register {newcomer.email}", caller.address, None), at=at)
    hashing.fits(None, newcomer.email)
    asked = Registration.select().where(Registration.asked_at > at - DAY)
    if asked.count() >= ASKED_A_DAY:
        raise Unavailable(
            gettext("More people have asked today than we can answer. Please call the clinic."), retry_after_s=3600
        )
    with unit(Event(Action.REGISTRATION_ASKED, anonymous(caller.address))):
        if asked.where(Registration.email == newcomer.email).count() >= MAILS_A_DAY:
            return
        token = new_token()
        known = Account.select().where(Account.email == newcomer.email).exists()
        # Of somebody who has an account nothing is kept but that a mail went out: the words may be anybody's.
        Registration.create(
            token_hash=token_hash(token),
            name="" if known else newcomer.name,
            email=newcomer.email,
            phone="" if known else newcomer.phone,
            language=newcomer.language,
            asked_at=at,
        )
        if known:
            post(newcomer.email, MailTemplate.REGISTRATION_KNOWN, {"link": settings.origin}, at=at)
            return
        until = dated(at + GOOD_FOR, ZoneInfo(practice.current().time_zone), now=at)
        link = f"{settings.origin}/register/prove?link={token}"
        post(newcomer.email, MailTemplate.REGISTRATION_PROVE, {"link": link, "expires": until}, at=at)


def pretend(newcomer_email: str, caller: Caller, *, at: datetime) -> None:
    """What ask() costs, for a script that filled in what people do not see. Nothing is kept and nothing is sent."""
    hashing.lane(known=False).refuse_if_full()
    throttle.enter(throttle.keys_of(f"register {newcomer_email}", caller.address, None), at=at)
    hashing.fits(None, newcomer_email)
    with unit(Event(Action.REGISTRATION_ASKED, anonymous(caller.address), about={"by a script": 1})):
        pass


@dataclass(frozen=True)
class Unproved:
    """Whose address a link would prove."""

    id: uuid.UUID
    email: str


def find(token: str, *, at: datetime) -> Unproved | None:
    """Whose address *token* proves; None alike for unknown, used and expired ones."""
    if not token or len(token) > TOKEN_MAX:
        return None
    row = Registration.get_or_none(Registration.token_hash == token_hash(token))
    if row is None or row.proved_at is not None or not row.name or at >= row.asked_at + GOOD_FOR:
        return None
    return Unproved(row.id, row.email)


def prove(registration: Unproved, caller: Caller, *, at: datetime) -> None:
    """The address is theirs: the practice hears of it. Conflict if the link was used in the meantime.

    Who asked twice stands in the list once.
    """
    event = Event(Action.REGISTRATION_PROVED, anonymous(caller.address), about={"registration": registration.id})
    same = (Registration.email == registration.email) & Registration.proved_at.is_null(False)
    with unit(event):
        mine = (Registration.id == registration.id) & Registration.proved_at.is_null()
        if not Registration.update(proved_at=at).where(mine).execute():
            raise Conflict(gettext("This link was used a moment ago. You need not do anything more."))
        Registration.delete().where(
            same & Registration.decided_at.is_null() & (Registration.id != registration.id)
        ).execute()
        notify(staff(), NoticeKind.REGISTRATION, registration.id, at=at)


def forget_old(*, at: datetime) -> int:
    """Delete what was not proved in time, and what was decided a quarter of a year ago; how many there were."""
    unproved = Registration.proved_at.is_null() & (Registration.asked_at <= at - max(GOOD_FOR, DAY))
    with housekeeping("who did not prove the address never asked; who was taken on is a client"):
        return int(Registration.delete().where(unproved | (Registration.decided_at <= at - KEEP)).execute())


def staff() -> list[uuid.UUID]:
    """Everybody who may decide."""
    rows = (
        AccountRole.select(AccountRole.account)
        .join(Account)
        .where(AccountRole.role.in_([Role.PROVIDER, Role.ADMIN]) & Account.disabled_at.is_null())
    )
    return [row.account_id for row in rows]
