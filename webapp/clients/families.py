"""Families: people with an account of their own who act for a client, with a right that ends."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from core.errors import Conflict, Invalid, NotFound
from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, On
from webapp.access.table import Act, Resource, Right
from webapp.account.models import Account, MailKind
from webapp.account.queries import roles_of
from webapp.account.wishes import wanting
from webapp.audit.events import Action, Event
from webapp.clients import policy
from webapp.clients.family_invitations import invite
from webapp.clients.models import Client, FamilyMember, Relation, holds
from webapp.clients.policy import ReadClient
from webapp.clients.queries import own_client
from webapp.db.unit import unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate, NoticeKind
from webapp.outbox.notices import notify
from webapp.ui.frame import Face


@dataclass(frozen=True)
class Terms:
    """What somebody may do for a client, and until when; *ends_at* None means until it is ended."""

    relation: Relation
    joins_visits: bool
    ends_at: datetime | None


@dataclass(frozen=True)
class ReadMember:
    """Somebody who acts for a client, as the care team manages it."""

    read: ReadClient
    member: FamilyMember

    @property
    def audit_client(self) -> uuid.UUID:
        """Whose record this is about."""
        return self.read.audit_client


def of_member(act: Act) -> On[[uuid.UUID, uuid.UUID], ReadMember]:
    """The rule of an address about one person who acts for a client, until that was ended."""
    of_client = policy.of_client(Resource.FAMILY, act)

    def judge(actor: Actor, client_id: uuid.UUID, member_id: uuid.UUID) -> ReadMember:
        read = of_client(actor, client_id)
        member = FamilyMember.get_or_none((FamilyMember.id == member_id) & (FamilyMember.client == client_id))
        if member is None or member.ended_at is not None:
            raise NotFound(ABSENT)
        return ReadMember(read, member)

    return On(Resource.FAMILY, act, judge)


@dataclass(frozen=True)
class FamilyLine:
    """Somebody who acts for a client, on the profile. *over* once their last day has passed; *waits*: not yet in."""

    id: uuid.UUID
    face: Face
    email: str
    relation: Relation
    joins_visits: bool
    ends_at: datetime | None
    over: bool
    waits: bool


def listed(client_id: uuid.UUID, *, at: datetime) -> tuple[FamilyLine, ...]:
    """Who acts for the client, and whose last day has passed without having been taken off the list."""
    rows = FamilyMember.select().where((FamilyMember.client == client_id) & FamilyMember.ended_at.is_null())
    return tuple(
        FamilyLine(
            id=row.id,
            face=Face(row.account_id or row.id, row.name),
            email=row.email,
            relation=row.relation,
            joins_visits=row.joins_visits,
            ends_at=row.ends_at,
            over=row.ends_at is not None and row.ends_at <= at,
            waits=row.account_id is None,
        )
        for row in rows.order_by(FamilyMember.added_at, FamilyMember.id)
    )


@dataclass(frozen=True)
class ForWhom:
    """The people whose lists somebody sees, themself first if they are a client, and whom they have chosen."""

    own: Client | None
    others: tuple[Client, ...]
    chosen: uuid.UUID | None

    @property
    def everybody(self) -> tuple[Client, ...]:
        return ((self.own,) if self.own else ()) + self.others

    @property
    def shown(self) -> tuple[Client, ...]:
        """Those whose lists are to be shown now."""
        return tuple(client for client in self.everybody if self.chosen in (None, client.id))


def for_whom(actor: Actor) -> ForWhom:
    """Whose appointments the actor sees. A choice that no longer holds is none."""
    own = own_client(actor) if actor.role is Role.CLIENT else None
    others = tuple(member.client for member in policy.acting_for(actor))
    ids = {client.id for client in (own, *others) if client is not None}
    return ForWhom(own, others, actor.acting_for if actor.acting_for in ids else None)


def add(
    actor: Actor, client_id: uuid.UUID, settings: Settings, *, name: str, email: str, terms: Terms, at: datetime
) -> str:
    """Let somebody act for the client. The address of their invitation; empty if they can sign in already.

    Conflict if they are a colleague, the client, or act for the client already; Invalid if the end has passed.
    """
    _refuse_past(terms, at=at)
    account = Account.get_or_none(Account.email == email)
    member = FamilyMember(client=client_id, account=account, name=name, email=email, added_at=at, **_columns(terms))
    with unit(Event(Action.FAMILY_ADDED, actor, client=client_id, about={"family": member.id})):
        # The client's row is the lock: two who add the same person at once do not add them twice.
        Client.update(archived_at=Client.archived_at).where(Client.id == client_id).execute()
        _refuse_who(client_id, account, email, at=at)
        if account is not None:
            member.name = account.name
        member.save(force_insert=True)
        if account is None:
            return invite(actor, member, settings, at=at)
        notify([account.id], NoticeKind.APPOINTMENT, member.id, at=at)
        if settings.mail.host and wanting([account.id], MailKind.APPOINTMENT):
            post(account.email, MailTemplate.APPOINTMENT, {"link": settings.origin}, at=at)
    return ""


def change(actor: Actor, read: ReadMember, terms: Terms, *, at: datetime) -> None:
    """From now on they may do this for the client, until then. Invalid if the end has passed."""
    _refuse_past(terms, at=at)
    with unit(_event(Action.FAMILY_CHANGED, actor, read)):
        FamilyMember.update(**_columns(terms)).where(FamilyMember.id == read.member.id).execute()


def end(actor: Actor, read: ReadMember, *, at: datetime) -> None:
    """They no longer act for the client, from the next request on; a call that they are in ends within seconds."""
    with unit(_event(Action.FAMILY_ENDED, actor, read)):
        FamilyMember.update(ended_at=at).where(
            (FamilyMember.id == read.member.id) & FamilyMember.ended_at.is_null()
        ).execute()


def invite_again(actor: Actor, read: ReadMember, settings: Settings, *, at: datetime) -> str:
    """The address of another invitation. Conflict if they can sign in already."""
    if read.member.account_id is not None:
        raise Conflict(gettext("%(name)s can sign in already.", name=read.member.name))
    with unit():
        return invite(actor, read.member, settings, at=at)


def choose(actor: Actor, client_id: uuid.UUID | None) -> None:
    """Show the actor's lists for this client, or for everybody for whom they act and themself."""
    if actor.session is None:
        raise RuntimeError("somebody who chooses is signed in")
    with unit(Event(Action.FAMILY_CHOSEN, actor, client=client_id)):
        sessions.act_for(actor.session, client_id)


def accounts_of(clients: Iterable[uuid.UUID], right: Right, *, at: datetime) -> set[uuid.UUID]:
    """The accounts of *clients*, and of those who act for them with *right* now: whom to tell."""
    ids = list(clients)
    own = Client.select(Client.account).where(Client.id.in_(ids) & Client.account.is_null(False))
    acting = FamilyMember.select().where(
        FamilyMember.client.in_(ids) & FamilyMember.account.is_null(False) & holds(FamilyMember, at)
    )
    found = [row.account_id for row in own] + [row.account_id for row in acting if right in row.rights]
    return {account for account in found if account is not None}


def _columns(terms: Terms) -> dict[str, Any]:
    return {"relation": terms.relation, "joins_visits": terms.joins_visits, "ends_at": terms.ends_at}


def _event(action: Action, actor: Actor, read: ReadMember) -> Event:
    return Event(action, actor, client=read.audit_client, about={"family": read.member.id})


def _refuse_past(terms: Terms, *, at: datetime) -> None:
    if terms.ends_at is not None and terms.ends_at <= at:
        raise Invalid(gettext("This day has passed. Choose one that is still to come."), field="last_day")


def _refuse_who(client_id: uuid.UUID, account: Account | None, email: str, *, at: datetime) -> None:
    same = FamilyMember.select().where(
        (FamilyMember.client == client_id) & (FamilyMember.email == email) & holds(FamilyMember, at)
    )
    if same.exists():
        raise Conflict(gettext("Somebody with this address acts for the client already. Change that entry instead."))
    if account is None:
        return
    if Client.select().where((Client.id == client_id) & (Client.account == account.id)).exists():
        raise Conflict(gettext("The client signs in with this address. Family need an address of their own."))
    if account.disabled_at is not None or Role.CLIENT not in roles_of(account.id):
        raise Conflict(
            gettext("%(email)s cannot be used for this: it belongs to the practice. Ask for another.", email=email)
        )
