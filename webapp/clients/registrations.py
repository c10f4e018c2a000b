"""Deciding who becomes a client of those who asked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from core.errors import Conflict, Invalid, NotFound
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, On, refuse_role
from webapp.access.table import Act, Resource
from webapp.audit.events import Action, Event
from webapp.clients import invitations
from webapp.clients.actions import add_client
from webapp.clients.models import Client, Registration
from webapp.clients.policy import on_care_team
from webapp.clients.queries import care_team
from webapp.clients.registering import staff
from webapp.clients.values import ClientValues, Details
from webapp.db.unit import unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate, NoticeKind
from webapp.outbox.notices import notify
from webapp.practice import queries as practice
from webapp.ui.frame import Face

DECIDERS = frozenset({Role.PROVIDER, Role.ADMIN})


@dataclass(frozen=True)
class Asking:
    """Somebody who proved their address and waits for an answer."""

    id: uuid.UUID
    name: str
    email: str
    phone: str
    asked_at: datetime


@dataclass(frozen=True)
class Namesake:
    """A client who was written down with the same address and cannot sign in yet; *mine*: the actor cares for them."""

    face: Face
    team: tuple[Face, ...]
    mine: bool


@dataclass(frozen=True)
class ReadRegistration:
    """Somebody who waits for an answer, and at whom staff look."""

    row: Registration


def of_registration(act: Act) -> On[[uuid.UUID], ReadRegistration]:
    """The rule of an address about one of them: for staff, while it is undecided."""

    def judge(actor: Actor, registration_id: uuid.UUID) -> ReadRegistration:
        refuse_role(actor, Resource.REGISTRATION, act)
        row: Registration | None = Registration.get_or_none((Registration.id == registration_id) & _WAITING)
        if row is None:
            raise NotFound(ABSENT)
        return ReadRegistration(row)

    return On(Resource.REGISTRATION, act, judge)


def waiting(actor: Actor) -> tuple[Asking, ...]:
    """Who waits for an answer, the first who asked first; nobody for those who do not decide."""
    if actor.role not in DECIDERS:
        return ()
    rows = Registration.select().where(_WAITING).order_by(Registration.asked_at)
    return tuple(asking(ReadRegistration(row)) for row in rows)


def asking(read: ReadRegistration) -> Asking:
    """As the pages show them."""
    row = read.row
    return Asking(row.id, row.name, row.email, row.phone, row.asked_at)


def namesakes(actor: Actor, read: ReadRegistration) -> tuple[Namesake, ...]:
    """Clients who may be the same person."""
    rows = Client.select().where(
        (Client.email == read.row.email) & Client.account.is_null() & Client.archived_at.is_null()
    )
    return tuple(
        Namesake(
            Face(row.id, row.name),
            care_team(row.id),
            mine=actor.role is Role.PROVIDER and on_care_team(actor.id, row.id),
        )
        for row in rows
    )


def approve(
    actor: Actor,
    read: ReadRegistration,
    settings: Settings,
    *,
    carer: uuid.UUID | None,
    same_as: uuid.UUID | None,
    at: datetime,
) -> str:
    """They are a client of *carer*, or the client *same_as* who was written down before, and are invited.

    The address of the invitation, which is mailed too. Invalid names what was chosen wrongly; Conflict if a colleague
    was faster, or somebody signs in with the address by now.
    """
    registration = read.row
    with unit(Event(Action.REGISTRATION_APPROVED, actor, about={"registration": registration.id})):
        if same_as is not None and same_as not in {each.face.id for each in namesakes(actor, read) if each.mine}:
            raise Invalid(gettext("Choose one of your clients from the list."), field="same_as")
        _claim(actor, registration, at=at)
        values = ClientValues(
            registration.name,
            practice.current().time_zone,
            email=registration.email,
            phone=registration.phone,
            language=registration.language,
        )
        client_id = same_as or add_client(actor, values, Details(), carer=carer, at=at)
        Registration.update(client=client_id).where(Registration.id == registration.id).execute()
        notify(staff(), NoticeKind.REGISTRATION, registration.id, at=at)
        return invitations.invite(actor, client_id, settings, at=at)


def decline(actor: Actor, read: ReadRegistration, settings: Settings, *, at: datetime) -> None:
    """They do not become a client, and are told to call if they wonder why. Conflict if a colleague was faster."""
    registration = read.row
    with unit(Event(Action.REGISTRATION_DECLINED, actor, about={"registration": registration.id})):
        _claim(actor, registration, at=at)
        notify(staff(), NoticeKind.REGISTRATION, registration.id, at=at)
        if settings.mail.host:
            post(registration.email, MailTemplate.REGISTRATION_DECLINED, {"link": settings.origin}, at=at)


_WAITING = Registration.proved_at.is_null(False) & Registration.decided_at.is_null()


def _claim(actor: Actor, registration: Registration, *, at: datetime) -> None:
    undecided = (Registration.id == registration.id) & _WAITING
    if not Registration.update(decided_at=at, decided_by=actor.id).where(undecided).execute():
        raise Conflict(gettext("A colleague has answered this a moment ago."))
