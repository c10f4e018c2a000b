"""Who may come into a visit: as the table says, the people of its appointment. What changes is whether they wait."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, On
from webapp.access.table import Act, Resource
from webapp.appointments.policy import ReadAppointment, of_appointment
from webapp.appointments.visit.models import Attendance, Stay, Visit

SILENT_FOR = timedelta(seconds=45)  # a page that waits says every 10 s that it is still there
LOCKED_AFTER = timedelta(minutes=2)  # as long as the media server keeps a lost place

STAFF = Role.PROVIDER


@dataclass(frozen=True)
class Door:
    """A visit as one of its people finds it. *visit* and *mine* are None until somebody, or this person, has come."""

    read: ReadAppointment
    visit: Visit | None
    mine: Attendance | None

    @property
    def appointment_id(self) -> uuid.UUID:
        return uuid.UUID(str(self.read.appointment.id))

    @property
    def audit_clients(self) -> tuple[uuid.UUID, ...]:
        return self.read.audit_clients

    @property
    def audit_about(self) -> Mapping[str, uuid.UUID]:
        return self.read.audit_about

    @property
    def is_staff(self) -> bool:
        return self.read.role is STAFF


@dataclass(frozen=True)
class Guest:
    """A client of the visit, as the provider who lets them in chose them."""

    door: Door
    attendance: Attendance

    @property
    def audit_client(self) -> uuid.UUID | None:
        return self.attendance.client_id


def at_door(resource: Resource, act: Act) -> On[[uuid.UUID], Door]:
    """The rule of an address about one visit."""
    appointment = of_appointment(resource, act)
    return On(resource, act, lambda actor, appointment_id: _door(actor, appointment(actor, appointment_id)))


def at_guest(resource: Resource, act: Act) -> On[[uuid.UUID, uuid.UUID], Guest]:
    """The rule of an address about one client who has come to a visit: *person* is their attendance."""
    door = at_door(resource, act)
    return On(resource, act, lambda actor, appointment_id, person: guest(door(actor, appointment_id), person))


come_to = at_door(Resource.VISIT, Act.JOIN)
keep_door = at_door(Resource.VISIT, Act.ADMIT)
let_in = at_guest(Resource.VISIT, Act.ADMIT)


def guest(door: Door, person: uuid.UUID) -> Guest:
    """The client of this visit whose attendance is *person*."""
    found = None
    if door.visit is not None:
        found = Attendance.get_or_none(
            (Attendance.id == person) & (Attendance.visit == door.visit) & (Attendance.role == Role.CLIENT)
        )
    if found is None:
        raise NotFound(ABSENT)
    return Guest(door, found)


def is_waiting(attendance: Attendance, *, at: datetime) -> bool:
    """Has asked to come in, was not admitted yet, and was heard of lately."""
    return (
        attendance.waiting_since is not None
        and attendance.admitted_at is None
        and attendance.seen_at is not None
        and at - attendance.seen_at < SILENT_FOR
    )


def may_enter(door: Door, *, at: datetime) -> bool:
    """Providers always; a client who was admitted, as long as a provider is there or was there a moment ago."""
    if door.is_staff:
        return True
    mine = door.mine
    if mine is None or mine.admitted_at is None:
        return False
    return at - mine.admitted_at < LOCKED_AFTER or _provider_near(door, at=at)


def _provider_near(door: Door, *, at: datetime) -> bool:
    since = at - LOCKED_AFTER
    staff = Attendance.select().where((Attendance.visit == door.visit) & (Attendance.role == STAFF))
    if staff.where(Attendance.granted_at > since).exists():
        return True
    inside_lately = Stay.left_at.is_null() | (Stay.left_at > since)
    return bool(staff.join(Stay, peewee.JOIN.INNER).where(inside_lately).exists())


def _door(actor: Actor, read: ReadAppointment) -> Door:
    visit = Visit.get_or_none(Visit.appointment == read.appointment.id)
    mine = None
    if visit is not None:
        mine = Attendance.get_or_none((Attendance.visit == visit) & (Attendance.account == actor.id))
    return Door(read, visit, mine)
