"""The verbs of a visit: wait, be let in, enter, write, leave, end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from core.errors import Conflict, Invalid, Refused, Unavailable
from core.log import EventLog
from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import Actor, Role
from webapp.access.table import Right
from webapp.appointments.models import Appointment, Status
from webapp.appointments.visit import relay_guests
from webapp.appointments.visit.credentials import TURN_LIFE
from webapp.appointments.visit.models import Attendance, ChatLine, Stay, Visit, Whereabouts
from webapp.appointments.visit.policy import Door, Guest, is_waiting, may_enter
from webapp.appointments.visit.putting_out import close_room, put_out_one
from webapp.appointments.visit.times import shut_sentence
from webapp.appointments.window import Entry
from webapp.audit.events import Action, Event
from webapp.clients.families import accounts_of
from webapp.db.unit import current_unit, housekeeping, unit
from webapp.outbox.models import NoticeKind
from webapp.outbox.notices import notify

log = EventLog("wellhouse.visit")

PLACE_MAX = 200
PHONE_MAX = 40
CHAT_MAX = 4000


def enter_waiting_room(actor: Actor, door: Door, *, place: str | None, phone: str | None, at: datetime) -> Attendance:
    """Wait to be let in; who is waiting or admitted already stays so. *place* and *phone* None keep what was said."""
    if door.is_staff:
        raise Refused(gettext("Providers enter the visit directly."))
    _must_be_open(door, at=at)
    with unit(*_events(Action.WAITING_STARTED, actor, door)):
        visit = _visit(door)
        mine = _attendance(actor, door, visit)
        if not may_enter(_with(door, visit, mine), at=at):
            if not is_waiting(mine, at=at):
                mine.waiting_since = at
            mine.admitted_at = None
            mine.seen_at = at
            mine.save()
            notify([door.read.appointment.provider_id], NoticeKind.WAITING, door.appointment_id, at=at)
        if place is not None and phone is not None:
            _keep_whereabouts(mine, place.strip()[:PLACE_MAX], phone.strip()[:PHONE_MAX])
    return mine


def say_still_here(door: Door, *, at: datetime) -> None:
    """The page of somebody who waits is still open."""
    mine = door.mine
    if mine is None or not is_waiting(mine, at=at):
        return
    with housekeeping("when somebody who waits was last heard of"):
        Attendance.update(seen_at=at).where(Attendance.id == mine.id).execute()


def leave_waiting_room(actor: Actor, door: Door, *, at: datetime) -> None:
    """No longer wait."""
    with unit(*_events(Action.WAITING_LEFT, actor, door)):
        if door.mine is None:
            return
        Attendance.update(waiting_since=None).where(Attendance.id == door.mine.id).execute()
        notify([door.read.appointment.provider_id], NoticeKind.WAITING, door.appointment_id, at=at)


def admit(actor: Actor, guest: Guest, *, at: datetime) -> None:
    """Let a client who waits into the room. Conflict if the visit was ended meanwhile."""
    _admit(actor, guest.door, [guest.attendance], at=at)


def admit_all(actor: Actor, door: Door, *, at: datetime) -> None:
    """Let everybody in who waits now."""
    waiting = Attendance.select().where((Attendance.visit == door.visit) & Attendance.waiting_since.is_null(False))
    _admit(actor, door, [row for row in waiting if is_waiting(row, at=at)], at=at)


def send_back(actor: Actor, guest: Guest, settings: Settings, *, at: datetime) -> None:
    """From the room back to the waiting room; sound and pictures stop at once, or as soon as the media server hears."""
    door, attendance = guest.door, guest.attendance
    with unit(*_events(Action.SENT_BACK, actor, door, client=attendance.client_id)):
        attendance.admitted_at, attendance.waiting_since, attendance.seen_at = None, at, at
        attendance.save()
        notify([attendance.account_id], NoticeKind.SENT_BACK, door.appointment_id, at=at)
        notify([door.read.appointment.provider_id], NoticeKind.WAITING, door.appointment_id, at=at)
        put_out_one(attendance.id, settings, at=at)


def record_entry(actor: Actor, door: Door, *, at: datetime) -> tuple[Visit, Attendance]:
    """Note that *actor* gets a grant for the room; Refused unless they may enter now."""
    _must_be_open(door, at=at)
    if not may_enter(door, at=at):
        raise Refused(gettext("Your provider will let you in. Please wait in the waiting room."))
    with unit(*_events(Action.ENTRY_GRANTED, actor, door)):
        visit = _visit(door)
        mine = _attendance(actor, door, visit)
        mine.granted_at = at
        mine.save()
        if visit.began_at is None:
            visit.began_at = at
            visit.save()
    return visit, mine


@dataclass(frozen=True)
class Entered:
    """*relay_secret*: by which coturn knows this person until they leave for good."""

    visit: Visit
    mine: Attendance
    relay_secret: str


def enter_room(actor: Actor, door: Door, settings: Settings, *, at: datetime) -> Entered:
    """Let *actor* into the room and to the relay; as ``record_entry``, and Conflict if their session has ended."""
    with unit():
        if actor.session is not None:
            # Whoever takes the right away at this moment waits, and then finds what is to be taken away.
            sessions.hold(actor.session)
        visit, mine = record_entry(actor, door, at=at)
        secret = relay_guests.let_in(settings, mine.participant, until=at + TURN_LIFE, at=at)
    return Entered(visit, mine, secret)


def send_chat(actor: Actor, door: Door, line_id: uuid.UUID, body: str, *, at: datetime) -> None:
    """Keep a line and tell the others. The same *line_id* again changes nothing."""
    text = body.strip()
    if not text:
        raise Invalid(gettext("Please write something first."))
    if len(text) > CHAT_MAX:
        raise Invalid(gettext("That message is too long. Please send it in parts."))
    _must_be_open(door, at=at)
    with unit(*_events(Action.CHAT_SENT, actor, door)):
        visit = _visit(door)
        mine = _attendance(actor, door, visit)
        if ChatLine.select().where(ChatLine.id == line_id).exists():
            return
        current_unit().before_commit(lambda: _append_line(visit, mine, door, line_id, text, at))
        notify(_everybody(door, at=at), NoticeKind.CHAT, door.appointment_id, at=at)


def leave(actor: Actor, door: Door) -> None:
    """Pressed Leave. When the provider goes, the door is locked again for clients who are not inside."""
    with unit(*_events(Action.VISIT_LEFT, actor, door)):
        if door.visit is None or not door.is_staff:
            return
        inside = Stay.select(Stay.attendance).where(Stay.left_at.is_null())
        Attendance.update(admitted_at=None).where(
            (Attendance.visit == door.visit) & (Attendance.role == Role.CLIENT) & Attendance.id.not_in(inside)
        ).execute()


def end_visit(actor: Actor, door: Door, settings: Settings, *, at: datetime) -> None:
    """Over for everybody, and the room is closed; if the media server is away, the worker closes it (``follow``)."""
    with unit(*_events(Action.VISIT_ENDED, actor, door)):
        visit = _visit(door)
        if visit.ended_at is None:
            visit.ended_at = at
            visit.save()
        Appointment.update(status=Status.DONE).where(Appointment.id == door.appointment_id).execute()
        Attendance.update(admitted_at=None, waiting_since=None).where(Attendance.visit == visit).execute()
        notify(_everybody(door, at=at), NoticeKind.VISIT_ENDED, door.appointment_id, at=at)
    try:
        close_room(visit, settings)
    except Unavailable:
        log.warning("visit.close_later", visit=visit.id)


def _admit(actor: Actor, door: Door, people: list[Attendance], *, at: datetime) -> None:
    if door.read.window.entry(at=at) is not Entry.OPEN:
        raise Conflict(shut_sentence(door.read, at=at))
    events = [event for person in people for event in _events(Action.ADMITTED, actor, door, client=person.client_id)]
    with unit(*(events or _events(Action.ADMITTED, actor, door))):
        for person in people:
            person.admitted_at, person.waiting_since, person.leaving_since = at, None, None
            person.save()
        notify([person.account_id for person in people], NoticeKind.ADMITTED, door.appointment_id, at=at)
        notify([door.read.appointment.provider_id], NoticeKind.WAITING, door.appointment_id, at=at)


def _append_line(visit: Visit, mine: Attendance, door: Door, line_id: uuid.UUID, text: str, at: datetime) -> None:
    # With several clients, what one writes before being let in is between this client and the provider.
    private = not door.is_staff and len(door.read.clients) > 1 and mine.admitted_at is None
    ChatLine.create(id=line_id, visit=visit, author=mine, audience=mine if private else None, at=at, body=text)


def _visit(door: Door) -> Visit:
    if door.visit is not None:
        return door.visit
    # Two people may come first at the same moment.
    Visit.insert(appointment=door.read.appointment).on_conflict_ignore().execute()
    return Visit.get(Visit.appointment == door.read.appointment)


def _attendance(actor: Actor, door: Door, visit: Visit) -> Attendance:
    if door.mine is not None:
        return door.mine
    client, role = door.read.client, door.read.role
    Attendance.insert(visit=visit, account=actor.id, client=client, role=role).on_conflict_ignore().execute()
    return Attendance.get((Attendance.visit == visit) & (Attendance.account == actor.id))


def _keep_whereabouts(mine: Attendance, place: str, phone: str) -> None:
    kept = Whereabouts.update(place=place, phone=phone).where(Whereabouts.attendance == mine).execute()
    if not kept:
        Whereabouts.create(attendance=mine, place=place, phone=phone)


def _with(door: Door, visit: Visit, mine: Attendance) -> Door:
    return Door(door.read, visit, mine)


def _must_be_open(door: Door, *, at: datetime) -> None:
    if door.read.window.entry(at=at) is not Entry.OPEN:
        raise Refused(shut_sentence(door.read, at=at))


def _everybody(door: Door, *, at: datetime) -> set[uuid.UUID]:
    """The accounts of all who may be in this visit."""
    clients = [client.id for client in door.read.clients]
    return {door.read.appointment.provider_id, *accounts_of(clients, Right.VISITS, at=at)}


def _events(action: Action, actor: Actor, door: Door, *, client: uuid.UUID | None = None) -> tuple[Event, ...]:
    """One for *client*, else one for each client of the visit whom it concerns."""
    about = {"appointment": door.appointment_id}
    return tuple(
        Event(action, actor, client=each, about=about) for each in ((client,) if client else door.read.audit_clients)
    )
