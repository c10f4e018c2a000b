"""Changing the e-mail address with which somebody signs in."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import peewee
from flask_babel import gettext

from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.access.actor import Actor
from webapp.account import links
from webapp.account.actions import tidy_email
from webapp.account.alerts import tell_address
from webapp.account.links import OpenLink
from webapp.account.models import Account, LinkPurpose
from webapp.audit.events import Action, Event
from webapp.db.unit import unit
from webapp.outbox.models import MailTemplate
from webapp.ui.times import dated

LIFE = timedelta(hours=1)


def change(actor: Actor, email: str, settings: Settings, *, at: datetime) -> bool:
    """Begin signing in with *email*: true if it is so now, false if the link mailed to it must be opened first.

    Without a mail relay nobody can be asked, so it is believed. Invalid (field “email”) if it cannot be an address or,
    when it is believed, somebody has it.
    """
    address = tidy_email(email)
    if not settings.mail.host:
        _save(actor, address, settings, at=at)
        return True
    with unit(Event(Action.ADDRESS_CHANGE_ASKED, actor)):
        # Made for a taken address too, and never sent there: nobody learns here who has an account.
        link = links.make(actor.id, LinkPurpose.ADDRESS, settings, life=LIFE, at=at, new_email=address)
        if not Account.select().where(Account.email == address).exists():
            until = dated(at + LIFE, ZoneInfo(actor.time_zone), now=at)
            tell_address(address, MailTemplate.PROVE_ADDRESS, settings, at=at, link=link, expires=until)
    return False


def prove(actor: Actor, link: OpenLink, settings: Settings, *, at: datetime) -> None:
    """The actor has read what was mailed to the new address: they sign in with it from now on."""
    with unit():
        links.claim(link, at=at)
        _save(actor, link.new_email or "", settings, at=at)


def _save(actor: Actor, address: str, settings: Settings, *, at: datetime) -> None:
    taken = Invalid(gettext("Somebody signs in with this address already."), field="email")
    old = str(Account.get_by_id(actor.id).email)
    try:
        with unit(Event(Action.ADDRESS_CHANGED, actor)):
            links.end_all(actor.id, LinkPurpose, at=at)
            Account.update(email=address).where(Account.id == actor.id).execute()
            tell_address(old, MailTemplate.SIGN_IN_CHANGED, settings, at=at)
    except peewee.IntegrityError as e:
        raise taken from e


def own_link(actor: Actor, token: str, *, at: datetime) -> OpenLink:
    """The link with which the actor proves an address; Conflict if it is old, used or not theirs."""
    found = links.find(token, [LinkPurpose.ADDRESS], at=at)
    if not isinstance(found, OpenLink) or uuid.UUID(str(found.account)) != actor.id:
        raise Conflict(gettext("This link does not work any more. Start again under My Account > Info."))
    return found
