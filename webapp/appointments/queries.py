"""Reading appointments: today, what comes, what was, and one of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import peewee

from webapp.access.actor import Actor, Role
from webapp.access.table import Act, Principal, Resource, may
from webapp.account.models import Account
from webapp.appointments import window
from webapp.appointments.local_time import day_bounds
from webapp.appointments.models import Appointment, AppointmentClient, AppointmentReason, Status, ends_after
from webapp.appointments.policy import ReadAppointment
from webapp.clients.families import for_whom
from webapp.clients.models import Client, FamilyMember
from webapp.clients.policy import acting_for, may_as
from webapp.ui.frame import Face

PAGE_ROWS = 50


@dataclass(frozen=True)
class Line:
    """An appointment in a list. *people* are the others: clients for a provider, the provider for a client.

    *kept_by*: for an admin, the name of its provider.
    *is_near*: its clients can come now. *for_whom*: the clients for whom the reader acts in it; *looks_only*: they
    were given leave to see it, not to join.
    """

    id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    minutes: int
    status: Status
    provider: uuid.UUID
    people: tuple[Face, ...]
    entry: window.Entry
    opens_at: datetime
    is_near: bool
    for_whom: tuple[str, ...] = ()
    looks_only: bool = False
    kept_by: str = ""

    @property
    def can_join(self) -> bool:
        return self.entry is window.Entry.OPEN and not self.looks_only

    @property
    def is_ahead(self) -> bool:
        """Can be entered now or later."""
        return self.entry in (window.Entry.OPEN, window.Entry.NOT_YET)

    @property
    def is_cancelled(self) -> bool:
        return self.status is Status.CANCELLED


@dataclass(frozen=True)
class Lines:
    """A page of appointments."""

    lines: tuple[Line, ...]
    page: int
    pages: int


def today(actor: Actor, *, at: datetime) -> tuple[Line, ...]:
    """The actor's appointments of this day in their own zone, in order, without cancelled ones."""
    first, after = day_bounds(at.astimezone(ZoneInfo(actor.time_zone)).date(), ZoneInfo(actor.time_zone))
    rows = _mine(actor).where((Appointment.starts_at >= first) & (Appointment.starts_at < after))
    rows = rows.where(Appointment.status != Status.CANCELLED)
    return _lines(actor, rows.order_by(Appointment.starts_at), at=at)


def upcoming(actor: Actor, *, page: int = 1, at: datetime) -> Lines:
    """What can still be entered or is to come, soonest first; to an admin that of the whole practice."""
    return _paged(actor, _mine(actor).where(_still_open(at)), Appointment.starts_at.asc(), page, at=at)


def past(actor: Actor, *, page: int = 1, at: datetime) -> Lines:
    """What is over, latest first."""
    return _paged(actor, _mine(actor).where(~_still_open(at)), Appointment.starts_at.desc(), page, at=at)


def next_up(actor: Actor, *, at: datetime) -> Line | None:
    """The appointment that is on now or comes next."""
    rows = _mine(actor).where(_still_open(at) & (Appointment.status == Status.SCHEDULED))
    return next(iter(_lines(actor, rows.order_by(Appointment.starts_at).limit(1), at=at)), None)


def with_client(actor: Actor, client_id: uuid.UUID, *, page: int = 1, at: datetime) -> Lines:
    """Every appointment of a client whose record the actor may read in full, latest first."""
    ids = AppointmentClient.select(AppointmentClient.appointment).where(AppointmentClient.client == client_id)
    rows = _all().where(Appointment.id.in_(ids))
    return _paged(actor, rows, Appointment.starts_at.desc(), page, at=at, about=Role.CLIENT)


@dataclass(frozen=True)
class Around:
    """The nearest appointments of a client, from the list of clients."""

    next: datetime | None = None
    last: datetime | None = None


def around(clients: Iterable[uuid.UUID], *, at: datetime) -> dict[uuid.UUID, Around]:
    """When each of *clients* comes next, and their last time before; a visit that was ended early is behind them."""
    is_ahead = (Appointment.status == Status.SCHEDULED) & ends_after(at)
    ahead = peewee.Case(None, [(is_ahead, Appointment.starts_at)])
    behind = peewee.Case(None, [(is_ahead, None)], Appointment.starts_at)
    rows: Any = (
        AppointmentClient.select(AppointmentClient.client, peewee.fn.MIN(ahead), peewee.fn.MAX(behind))
        .join(Appointment)
        .where(AppointmentClient.client.in_(list(clients)) & (Appointment.status != Status.CANCELLED))
        .group_by(AppointmentClient.client)
        .tuples()
    )
    moment = Appointment.starts_at.python_value
    return {client: Around(moment(soonest), moment(latest)) for client, soonest, latest in rows}


@dataclass(frozen=True)
class AppointmentView:
    """One appointment's page. *uninvited* are the clients who cannot sign in yet."""

    line: Line
    provider: Face
    clients: tuple[Face, ...]
    uninvited: tuple[Face, ...]
    reason: str
    can_cancel: bool
    can_move: bool


def line_of(actor: Actor, read: ReadAppointment, *, at: datetime) -> Line:
    """The appointment as it stands in the actor's lists."""
    [line] = _lines(actor, _all().where(Appointment.id == read.appointment.id), at=at)
    return line


def view(actor: Actor, read: ReadAppointment, *, at: datetime) -> AppointmentView:
    """What the page of an appointment shows. Opens the reason to those who may read it: the route records it."""
    appointment = read.appointment
    reason = None
    if read.may(Resource.APPOINTMENT_REASON, Act.READ):
        reason = AppointmentReason.get_or_none(AppointmentReason.appointment == appointment.id)
    is_provider = read.role is Role.PROVIDER
    is_ahead = appointment.status is Status.SCHEDULED and appointment.starts_at > at
    return AppointmentView(
        line=line_of(actor, read, at=at),
        provider=Face(appointment.provider.id, appointment.provider.name),
        clients=tuple(Face(client.id, client.name) for client in read.clients),
        uninvited=tuple(Face(c.id, c.name) for c in read.clients if c.account_id is None) if is_provider else (),
        reason=reason.text if reason else "",
        can_cancel=is_ahead and read.may(Resource.APPOINTMENT, Act.CANCEL),
        can_move=is_ahead and read.may(Resource.APPOINTMENT, Act.UPDATE),
    )


def _all() -> peewee.ModelSelect[Appointment]:
    return Appointment.select(Appointment, Account.id, Account.name).join(Account)


def _mine(actor: Actor) -> peewee.ModelSelect[Appointment]:
    if actor.role is Role.PROVIDER:
        return _all().where(Appointment.provider == actor.id)
    if actor.role is Role.ADMIN:
        return _all()
    whose = [client.id for client in for_whom(actor).shown]
    ids = AppointmentClient.select(AppointmentClient.appointment).where(AppointmentClient.client.in_(whose))
    return _all().where(Appointment.id.in_(ids))


def _still_open(at: datetime) -> peewee.Expression:
    """Its door is not shut for good yet; a cancelled one counts until it would have begun."""
    cancelled = (Appointment.status == Status.CANCELLED) & (Appointment.starts_at <= at)
    return (Appointment.status != Status.DONE) & ends_after(at - window.LATE) & ~cancelled


def _paged(
    actor: Actor,
    rows: peewee.ModelSelect[Appointment],
    order: object,
    page: int,
    *,
    at: datetime,
    about: Role | None = None,
) -> Lines:
    pages = max(1, -(-rows.count() // PAGE_ROWS))
    page = min(max(1, page), pages)
    return Lines(
        _lines(actor, rows.order_by(order, Appointment.id).paginate(page, PAGE_ROWS), at=at, about=about), page, pages
    )


def _lines(actor: Actor, rows: Iterable[Appointment], *, at: datetime, about: Role | None = None) -> tuple[Line, ...]:
    """*about* says for whom the others are named, if not for the actor: a client's history names providers."""
    rows = list(rows)
    named_for = about or actor.role
    ids = [row.id for row in rows]
    clients = {} if named_for is Role.CLIENT else _clients_of(ids)
    acted_for = _acted_for(actor, ids) if named_for is Role.CLIENT else {}
    return tuple(_line(actor, row, clients.get(row.id), acted_for.get(row.id, ()), at=at) for row in rows)


def _line(
    actor: Actor,
    row: Appointment,
    clients: tuple[Face, ...] | None,
    acted_for: tuple[FamilyMember, ...],
    *,
    at: datetime,
) -> Line:
    facts = {"ended": row.status is Status.DONE, "cancelled": row.status is Status.CANCELLED}
    if actor.role is Role.PROVIDER:
        door = window.for_provider(row.starts_at, row.minutes, ZoneInfo(actor.time_zone), **facts)
    else:
        door = window.for_client(row.starts_at, row.minutes, **facts)
    return Line(
        id=row.id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        minutes=row.minutes,
        status=row.status,
        provider=row.provider_id,
        people=clients if clients is not None else (Face(row.provider.id, row.provider.name),),
        entry=door.entry(at=at),
        opens_at=door.opens_at,
        is_near=window.for_client(row.starts_at, row.minutes, **facts).entry(at=at) is window.Entry.OPEN,
        for_whom=tuple(member.client.called for member in acted_for),
        looks_only=_looks_only(actor, acted_for),
        kept_by=row.provider.name if actor.role is Role.ADMIN else "",
    )


def _looks_only(actor: Actor, acted_for: tuple[FamilyMember, ...]) -> bool:
    if actor.role is Role.ADMIN:
        return not may(Principal.ADMIN, Resource.VISIT, Act.JOIN)
    return bool(acted_for) and not any(may_as(Principal.FAMILY, m, Resource.VISIT, Act.JOIN) for m in acted_for)


def _acted_for(actor: Actor, ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[FamilyMember, ...]]:
    """By which rights the actor acts in these appointments; in those of their own they act for themself."""
    members = {member.client_id: member for member in acting_for(actor)}
    found: dict[uuid.UUID, tuple[FamilyMember, ...]] = {}
    if not members:
        return found
    here = AppointmentClient.select(AppointmentClient, Client.id, Client.account).join(Client)
    own = set()
    for row in here.where(AppointmentClient.appointment.in_(ids)):
        if row.client.account_id == actor.account:
            own.add(row.appointment_id)
        elif row.client_id in members:
            found[row.appointment_id] = (*found.get(row.appointment_id, ()), members[row.client_id])
    return {appointment: acting for appointment, acting in found.items() if appointment not in own}


def _clients_of(ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[Face, ...]]:
    rows = (
        AppointmentClient.select(AppointmentClient.appointment, Client.id, Client.name)
        .join(Client)
        .where(AppointmentClient.appointment.in_(ids))
        .order_by(Client.sort_key)
    )
    found: dict[uuid.UUID, tuple[Face, ...]] = dict.fromkeys(ids, ())
    for row in rows:
        found[row.appointment_id] = (*found[row.appointment_id], Face(row.client.id, row.client.name))
    return found
