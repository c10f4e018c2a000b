"""Invitations of people who act for a client: a link that works once, with which they choose a password."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext

from core.errors import Conflict
from core.ids import new_token, token_hash
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.account.actions import create_account
from webapp.account.passwords import choose
from webapp.account.signing_in import Caller, open_session
from webapp.account.signing_in import Opened as SignedIn
from webapp.audit.events import Action, Event
from webapp.clients.invitations import GOOD_FOR, TOKEN_MAX, take_over_family
from webapp.clients.models import FamilyInvitation, FamilyMember, holds
from webapp.db.unit import current_unit, unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate
from webapp.ui.times import dated


@dataclass(frozen=True)
class FamilyLink:
    """A link that still works, and for whom."""

    invitation: FamilyInvitation
    member: FamilyMember

    @property
    def audit_client(self) -> uuid.UUID:
        """Whose record this is about."""
        return self.member.client_id


def invite(actor: Actor, member: FamilyMember, settings: Settings, *, at: datetime) -> str:
    """The address of a new invitation, mailed too if there is a relay; inside the caller's unit."""
    token = new_token()
    link = f"{settings.origin}/family-invitation/{token}"
    current_unit().events.append(
        Event(Action.FAMILY_INVITED, actor, client=member.client_id, about={"family": member.id})
    )
    earlier = (FamilyInvitation.member == member) & FamilyInvitation.used_at.is_null()
    FamilyInvitation.update(used_at=at).where(earlier).execute()
    FamilyInvitation.create(token_hash=token_hash(token), member=member, created_at=at, expires_at=at + GOOD_FOR)
    if settings.mail.host:
        values = {"link": link, "expires": dated(at + GOOD_FOR, ZoneInfo(member.client.time_zone), now=at)}
        post(member.email, MailTemplate.INVITATION, values, at=at)
    return link


def open_link(token: str, *, at: datetime) -> FamilyLink | None:
    """What *token* opens; None alike for unknown, used and expired ones, and for rights that are over."""
    if len(token) > TOKEN_MAX:
        return None
    invitation = FamilyInvitation.get_or_none(FamilyInvitation.token_hash == token_hash(token))
    if invitation is None or invitation.used_at is not None or at >= invitation.expires_at:
        return None
    member = FamilyMember.get_or_none((FamilyMember.id == invitation.member_id) & holds(FamilyMember, at))
    if member is None or member.account_id is not None:
        return None
    return FamilyLink(invitation, member)


def accept(link: FamilyLink, password: str, settings: Settings, caller: Caller, *, at: datetime) -> SignedIn:
    """They have an account with *password* and are signed in. Invalid if the password will not do; Conflict if the
    link was used in the meantime.
    """
    member = link.member
    # Hashing takes long: it is over before the unit begins.
    chosen = choose(password, name=member.name, email=member.email, roles=(Role.CLIENT,))
    newcomer = Actor(role=Role.CLIENT, name=member.name, address=caller.address)
    with unit():
        _claim(link, at=at)
        account = create_account(
            newcomer,
            email=member.email,
            name=member.name,
            roles=(Role.CLIENT,),
            password=chosen,
            time_zone=member.client.time_zone,
            at=at,
        )
        session = open_session(account.id, caller, settings.portal, at=at)
        take_over_family(session.actor, account.email)
    return session


def _claim(link: FamilyLink, *, at: datetime) -> None:
    """Use the link up, so that of two who come at once the later finds it gone."""
    mine = (FamilyInvitation.id == link.invitation.id) & FamilyInvitation.used_at.is_null()
    free = (FamilyMember.id == link.member.id) & FamilyMember.account.is_null() & FamilyMember.ended_at.is_null()
    claimed = FamilyInvitation.update(used_at=at).where(mine).execute()
    if not claimed or not FamilyMember.update(ended_at=None).where(free).execute():
        raise Conflict(gettext("This invitation was used a moment ago. Sign in with the password you chose."))
