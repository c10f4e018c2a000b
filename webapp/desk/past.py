"""What was: a client's appointments, how long the visits lasted and how good the connection was."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime

from webapp.access.actor import Actor, Role
from webapp.appointments import queries as appointments
from webapp.appointments.queries import Line
from webapp.appointments.visit.models import Attendance, Stay, Visit
from webapp.appointments.visit.queries import StayView
from webapp.appointments.window import Entry
from webapp.clients.policy import ReadClient


class Grade(enum.StrEnum):
    """A connection in one word, by the measure of the bars in the visit (static/visit/quality.js)."""

    GOOD = "good"
    FAIR = "fair"
    WEAK = "weak"
    UNKNOWN = "unknown"


def grade(stay: StayView) -> Grade:
    """What people noticed: sound breaks up from about 5 % loss or half a second of delay."""
    if stay.loss_up is None or stay.loss_down is None:
        return Grade.UNKNOWN
    loss, delay_ms = max(stay.loss_up, stay.loss_down), stay.round_trip_ms or 0
    if loss > 0.08 or delay_ms > 500:
        return Grade.WEAK
    return Grade.FAIR if loss > 0.02 or delay_ms > 250 else Grade.GOOD


@dataclass(frozen=True)
class PastLine:
    """An appointment in a client's history. *minutes* is how long the visit lasted, None if nobody was in it.

    *opens*: the actor may look into it.
    """

    line: Line
    minutes: int | None
    opens: bool


@dataclass(frozen=True)
class PastLines:
    """A page of them."""

    lines: tuple[PastLine, ...]
    page: int
    pages: int


def client_history(actor: Actor, read: ReadClient, *, page: int, at: datetime) -> PastLines:
    """All appointments of a client whom the actor knows, latest first."""
    found = appointments.with_client(actor, read.audit_client, page=page, at=at)
    lasted_min = _lasted_min([line.id for line in found.lines], at=at)
    lines = tuple(PastLine(line, lasted_min.get(line.id), _opens(actor, read, line)) for line in found.lines)
    return PastLines(lines, found.page, found.pages)


def _opens(actor: Actor, read: ReadClient, line: Line) -> bool:
    if read.opening is not None:  # in an emergency one reads what was; the appointment's own page is for its people
        return line.entry is Entry.OVER
    return actor.role is Role.CLIENT or line.provider == actor.account


def _lasted_min(ids: list[uuid.UUID], *, at: datetime) -> dict[uuid.UUID, int]:
    """From the first coming to the last going, in minutes; a visit that is on lasts until *at*."""
    inside: dict[uuid.UUID, tuple[datetime, datetime]] = {}
    stays = Stay.select(Stay, Attendance, Visit).join(Attendance).join(Visit)
    for stay in stays.where(Visit.appointment.in_(ids)):
        appointment = stay.attendance.visit.appointment_id
        first, last = inside.get(appointment, (stay.joined_at, stay.joined_at))
        inside[appointment] = (min(first, stay.joined_at), max(last, stay.left_at or at))
    return {id_: max(1, round((last - first).total_seconds() / 60)) for id_, (first, last) in inside.items()}
