"""What the worker does for visits: takes over the media server's events, closes ended rooms, notices who left."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from core.clock import from_unix
from core.log import EventLog
from core.room_events import RoomEvent, RoomEventKind
from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.appointments.visit import rtc_control
from webapp.appointments.visit.models import Attendance, RoomEventCursor, Stay, Visit
from webapp.appointments.visit.policy import SILENT_FOR
from webapp.appointments.visit.putting_out import close_room
from webapp.audit.events import Action, Event
from webapp.db.unit import housekeeping, unit
from webapp.outbox.models import NoticeKind
from webapp.outbox.notices import notify

log = EventLog("wellhouse.visit")

_THE_ONE = 1
# The kinds that change who is inside; quality is only counted.
_MOVES = frozenset({RoomEventKind.JOINED, RoomEventKind.LEFT, RoomEventKind.ROOM_CLOSED})


def take_over_events(settings: Settings) -> int:
    """Wait for the media server's next events and keep them; how many there were. Unavailable while it is down."""
    after = _cursor()
    page = rtc_control.events_after(settings.paths.control_socket, after)
    if page.events or page.next < after:  # numbers that begin anew: the spool was lost
        keep(page.events, next_number=page.next)
    return len(page.events)


def keep(events: Iterable[RoomEvent], *, next_number: int) -> None:
    """Write *events* and the cursor in one transaction, so that none is kept twice."""
    taken = list(events)
    moved = [event for event in taken if event.kind in _MOVES]
    if moved:
        recorded = Event(Action.VISIT_RECORDED, SYSTEM, about={"events": len(moved), "upto": next_number})
        with unit(recorded):
            _apply(taken, next_number)
    else:
        with housekeeping("how well a call goes, every ten seconds"):
            _apply(taken, next_number)


def close_ended_rooms(settings: Settings, *, at: datetime) -> int:
    """Tell the media server which visits are over, until it has heard; how many rooms were closed."""
    ended = list(Visit.select().where(Visit.ended_at.is_null(False) & Visit.closed_at.is_null()))
    for visit in ended:
        close_room(visit, settings)
        with housekeeping("that the media server has closed a room"):
            Visit.update(closed_at=at).where(Visit.id == visit.id).execute()
        log.info("visit.closed", visit=visit.id)
    return len(ended)


def forget_silent(*, at: datetime) -> int:
    """Take those for gone whose waiting page has been silent; how many there were."""
    silent = list(
        Attendance.select(Attendance, Visit)
        .join(Visit)
        .where(Attendance.waiting_since.is_null(False) & (Attendance.seen_at < at - SILENT_FOR))
    )
    for attendance in silent:
        visit = attendance.visit
        event = Event(
            Action.WAITING_LEFT, SYSTEM, client=attendance.client_id, about={"appointment": visit.appointment_id}
        )
        with unit(event):
            Attendance.update(waiting_since=None).where(Attendance.id == attendance.id).execute()
            notify([visit.appointment.provider_id], NoticeKind.WAITING, visit.appointment_id, at=at)
    return len(silent)


def _cursor() -> int:
    row = RoomEventCursor.get_or_none(RoomEventCursor.id == _THE_ONE)
    return row.number if row else 0


def _apply(events: list[RoomEvent], next_number: int) -> None:
    for event in events:
        _apply_one(event)
    if not RoomEventCursor.update(number=next_number).where(RoomEventCursor.id == _THE_ONE).execute():
        RoomEventCursor.insert(id=_THE_ONE, number=next_number).execute()


def _apply_one(event: RoomEvent) -> None:
    if event.kind is RoomEventKind.ROOM_CLOSED:
        return
    attendance = Attendance.get_or_none(Attendance.participant == _uuid(event.participant))
    if attendance is None:
        log.warning("visit.event_of_stranger", number=event.number)
        return
    at = from_unix(event.at)
    open_stay = (
        Stay.select().where((Stay.attendance == attendance) & Stay.left_at.is_null())
        .order_by(Stay.joined_at.desc()).first()
    )  # fmt: skip
    match event.kind:
        case RoomEventKind.JOINED:
            if open_stay is None:
                Stay.create(attendance=attendance, joined_at=at)
        case RoomEventKind.LEFT if open_stay is not None:
            open_stay.left_at, open_stay.reason = at, event.reason
            open_stay.save()
        case RoomEventKind.QUALITY if open_stay is not None:
            _add_quality(open_stay, event)
        case _:
            log.warning("visit.event_out_of_order", number=event.number)


def _add_quality(stay: Stay, event: RoomEvent) -> None:
    whole = stay.measured_s + event.span_s
    if whole <= 0:
        return
    share = event.span_s / whole
    stay.measured_s = whole
    stay.loss_up += share * ((event.loss_up or 0.0) - stay.loss_up)
    stay.loss_down += share * ((event.loss_down or 0.0) - stay.loss_down)
    if event.round_trip_ms is not None:
        before = event.round_trip_ms if stay.round_trip_ms is None else stay.round_trip_ms
        stay.round_trip_ms = before + share * (event.round_trip_ms - before)
    stay.save()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
