"""Choosing a password by a link, and changing one's own. A password never stands for a second factor."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import Actor, anonymous
from webapp.account import devices, hashing, links, passwords, throttle
from webapp.account.actions import keep_password, tidy_email
from webapp.account.alerts import tell_owner
from webapp.account.links import OpenLink
from webapp.account.mfa import pending
from webapp.account.mfa.forgetting import forget_factors
from webapp.account.mfa.pending import Pending
from webapp.account.models import Account, LinkPurpose
from webapp.account.queries import roles_of
from webapp.account.signing_in import Caller, Opened, after_password
from webapp.audit.events import Action, Event
from webapp.db.unit import unit
from webapp.outbox.models import MailTemplate
from webapp.ui.times import dated

FORGOTTEN_LIFE = timedelta(minutes=15)
CHOOSING = (LinkPurpose.INVITATION, LinkPurpose.FORGOTTEN, LinkPurpose.RESET, LinkPurpose.RECOVERY)


def change_password(actor: Actor, password: str, settings: Settings, *, at: datetime) -> None:
    """The actor's own new password; every other browser is signed out. Invalid says what is wrong with it."""
    account = Account.get_by_id(actor.id)
    chosen = passwords.choose(password, name=account.name, email=account.email, roles=actor.roles)
    with unit(Event(Action.PASSWORD_CHANGED, actor)):
        keep_password(actor.id, chosen)
        sessions.end_all(actor.id, but=actor.session, at=at)
        pending.forget_all(actor.id)
        links.end_all(actor.id, CHOOSING, at=at)
        tell_owner(actor.id, MailTemplate.SIGN_IN_CHANGED, settings, at=at)


def forgot(email: str, caller: Caller, settings: Settings, *, at: datetime) -> None:
    """Mail a link to the owner of *email* if there is one. Nothing tells the caller whether there is.

    Invalid (field “email”) if it cannot be an address. TooManyTries after a few for one address; the first few
    hashes' time is spent whatever was typed.
    """
    address = tidy_email(email)
    account = Account.get_or_none(Account.email == address)
    known = account is not None and devices.is_known(account.id, caller.device_token, at=at)
    hashing.lane(known=known).refuse_if_full()
    throttle.enter(throttle.keys_of(f"forgot {address}", caller.address, caller.device_token if known else None), at=at)
    hashing.fits(None, address, known=known)
    able = account is not None and account.password_hash and account.disabled_at is None and roles_of(account.id)
    about = {"account": account.id} if account is not None and able else {}
    with unit(Event(Action.PASSWORD_FORGOTTEN, anonymous(caller.address), about=about)):
        if account is None or not able:
            return
        link = links.make(account.id, LinkPurpose.FORGOTTEN, settings, life=FORGOTTEN_LIFE, at=at)
        until = dated(at + FORGOTTEN_LIFE, ZoneInfo(account.time_zone), now=at)
        tell_owner(account.id, MailTemplate.PASSWORD_FORGOTTEN, settings, at=at, link=link, expires=until)


def choose(link: OpenLink, password: str, caller: Caller, settings: Settings, *, at: datetime) -> Opened | Pending:
    """Use *link* up for a new password, and go on as if it had been typed at the door: a second factor is still owed.

    Invalid (field “password”) leaves the link good; Conflict if it was used in the meantime.
    """
    chosen = passwords.choose(password, name=link.name, email=link.email, roles=link.roles)
    event = Event(
        Action.PASSWORD_CHOSEN, anonymous(caller.address), about={"account": link.account, "by": link.purpose.value}
    )
    with unit(event):
        links.claim(link, at=at)
        keep_password(link.account, chosen)
        sessions.end_all(link.account, at=at)
        pending.forget_all(link.account)
        links.end_all(link.account, CHOOSING, at=at)
        if link.drops_factors:
            forget_factors(link.account)
        if link.purpose is not LinkPurpose.INVITATION:
            tell_owner(link.account, MailTemplate.SIGN_IN_CHANGED, settings, at=at)
        return after_password(link.account, caller, settings.portal, at=at)
