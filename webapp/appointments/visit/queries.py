"""Reading a visit: who waits, who may be inside, what was written, and how it went."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext

from core.room_events import LeaveReason
from webapp.access.actor import Actor, Role
from webapp.appointments.models import Appointment
from webapp.appointments.visit.models import Attendance, ChatLine, Stay, Visit, Whereabouts
from webapp.appointments.visit.policy import SILENT_FOR, Door, is_waiting, may_enter
from webapp.appointments.visit.times import shut_sentence
from webapp.appointments.window import Entry


@dataclass(frozen=True)
class WaitingPerson:
    """A client in a waiting room. *person* is the id of their attendance, which “Admit” names."""

    person: uuid.UUID
    client_id: uuid.UUID
    name: str
    since: datetime
    appointment_id: uuid.UUID
    starts_at: datetime


@dataclass(frozen=True)
class Present:
    """Somebody who may be in the room, by the id under which the media server knows them."""

    participant: uuid.UUID
    name: str
    role: Role


@dataclass(frozen=True)
class About:
    """Where the client is, and the number to call back."""

    place: str
    phone: str


class Me(enum.StrEnum):
    """Where the asking person stands."""

    OUT = "out"
    WAITING = "waiting"
    ADMITTED = "admitted"


@dataclass(frozen=True)
class State:
    """How a visit stands for one person. *sentence* says why it cannot be entered."""

    entry: Entry
    me: Me
    sentence: str
    waiting: tuple[WaitingPerson, ...]
    people: tuple[Present, ...]


@dataclass(frozen=True)
class Line:
    """A line of the chat as one of its readers sees it."""

    number: int
    mine: bool
    name: str
    at: datetime
    body: str


@dataclass(frozen=True)
class StayView:
    """Once inside. The means are None until something was measured; losses are shares, 0 to 1."""

    joined_at: datetime
    left_at: datetime | None
    reason: LeaveReason | None
    round_trip_ms: float | None
    loss_up: float | None
    loss_down: float | None

    @property
    def lasted(self) -> timedelta | None:
        return self.left_at - self.joined_at if self.left_at else None


@dataclass(frozen=True)
class AttendeeView:
    """One person of a past or running visit."""

    name: str
    role: Role
    stays: tuple[StayView, ...]


@dataclass(frozen=True)
class VisitHistory:
    """What is kept of a visit, for the appointment's history."""

    began_at: datetime | None
    ended_at: datetime | None
    people: tuple[AttendeeView, ...]
    chat: tuple[Line, ...]


def waiting_for(provider: uuid.UUID, *, at: datetime) -> tuple[WaitingPerson, ...]:
    """Everybody who waits for *provider* now, longest first: for Today and the banner."""
    rows = _attendances().where(
        (Appointment.provider == provider)
        & Attendance.waiting_since.is_null(False)
        & Attendance.admitted_at.is_null()
        & (Attendance.seen_at > at - SILENT_FOR)
    )
    return tuple(_waiting_person(row) for row in rows.order_by(Attendance.waiting_since))


def state(door: Door, *, at: datetime) -> State:
    """How the visit stands for the person at *door*."""
    entry = door.read.window.entry(at=at)
    everybody = list(_attendances().where(Attendance.visit == door.visit)) if door.visit else []
    inside = may_enter(door, at=at)
    return State(
        entry=entry,
        me=_me(door, inside, at=at),
        sentence=shut_sentence(door.read, at=at),
        waiting=tuple(_waiting_person(row) for row in everybody if is_waiting(row, at=at)) if door.is_staff else (),
        people=tuple(_present(door, row) for row in everybody if row.role is not Role.CLIENT or row.admitted_at)
        if inside
        else (),
    )


def about_client(door: Door) -> About | None:
    """What the client said in the lobby, for the provider; None with several clients, or if nobody has come."""
    if not door.is_staff or door.visit is None or len(door.read.clients) != 1:
        return None
    found = (
        Whereabouts.select().join(Attendance)
        .where((Attendance.visit == door.visit) & (Attendance.role == Role.CLIENT)).first()
    )  # fmt: skip
    return About(found.place, found.phone) if found else None


def said_before(door: Door) -> About:
    """What this client said in the lobby of this visit, else the number that the practice has."""
    if door.mine is not None:
        found = Whereabouts.get_or_none(Whereabouts.attendance == door.mine)
        if found:
            return About(found.place, found.phone)
    client = door.read.client
    return About("", client.phone if client else "")


def chat(door: Door, *, after: int = 0) -> tuple[Line, ...]:
    """The lines with a number above *after* that this person may read."""
    if door.visit is None:
        return ()
    lines = ChatLine.select().where((ChatLine.visit == door.visit) & (ChatLine.number > after))
    if not door.is_staff:
        if door.mine is None:
            return ()
        common = door.mine.admitted_at is not None or len(door.read.clients) == 1
        mine = ChatLine.audience == door.mine
        lines = lines.where(mine | ChatLine.audience.is_null() if common else mine)
    names = _names(door)
    return tuple(
        Line(
            number=line.number,
            mine=door.mine is not None and line.author_id == door.mine.id,
            name=names[line.author_id],
            at=line.at,
            body=line.body,
        )
        for line in lines.order_by(ChatLine.number)
    )


def history(actor: Actor, door: Door) -> VisitHistory | None:
    """What is kept of the visit, or None if nobody came. Clients read their own part of the chat."""
    if door.visit is None:
        return None
    people = []
    for row in _attendances().where(Attendance.visit == door.visit).order_by(Attendance.role.desc()):
        # A client, and whoever acts for them, are one side of it.
        mine = row.account_id == actor.account or (
            door.read.client is not None and row.client_id == door.read.client.id
        )
        if door.is_staff or row.role is not Role.CLIENT or mine:
            stays = Stay.select().where(Stay.attendance == row).order_by(Stay.joined_at)
            people.append(AttendeeView(_name(door, row), row.role, tuple(_stay(stay) for stay in stays)))
    return VisitHistory(door.visit.began_at, door.visit.ended_at, tuple(people), chat(door))


def _me(door: Door, inside: bool, *, at: datetime) -> Me:
    if inside:
        return Me.ADMITTED
    return Me.WAITING if door.mine is not None and is_waiting(door.mine, at=at) else Me.OUT


def _attendances() -> Any:
    return Attendance.select(Attendance, Visit, Appointment).join(Visit).join(Appointment)


def _waiting_person(row: Attendance) -> WaitingPerson:
    appointment = row.visit.appointment
    return WaitingPerson(
        person=row.id,
        client_id=row.client_id or row.account_id,
        name=_full_name(row),
        since=row.waiting_since,
        appointment_id=appointment.id,
        starts_at=appointment.starts_at,
    )


def _present(door: Door, row: Attendance) -> Present:
    return Present(participant=row.participant, name=_name(door, row), role=row.role)


def _name(door: Door, row: Attendance) -> str:
    """Providers see a client's full name; the others see the name by which the client is called."""
    if door.is_staff or row.client is None or _acts(row):
        return _full_name(row)
    return str(row.client.called)


def _full_name(row: Attendance) -> str:
    """“Sigrid Halvorsen for Maren” where somebody acts for the client."""
    if row.client is None:
        return str(row.account.name)
    if _acts(row):
        return gettext("%(name)s for %(client)s", name=row.account.name, client=row.client.called)
    return str(row.client.name)


def _acts(row: Attendance) -> bool:
    return row.client is not None and row.client.account_id != row.account_id


def _names(door: Door) -> dict[uuid.UUID, str]:
    rows = Attendance.select().where(Attendance.visit == door.visit)
    return {row.id: _name(door, row) for row in rows}


def _stay(row: Stay) -> StayView:
    measured = row.measured_s > 0
    return StayView(
        joined_at=row.joined_at,
        left_at=row.left_at,
        reason=row.reason,
        round_trip_ms=row.round_trip_ms,
        loss_up=row.loss_up if measured else None,
        loss_down=row.loss_down if measured else None,
    )
