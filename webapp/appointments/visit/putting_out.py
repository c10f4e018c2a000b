"""Somebody who may not be here any more leaves the rooms they are in: at once, or as soon as the media server hears.

*leaving_since* of an attendance is the promise: it commits with the reason, and stands until the media server has
answered.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from core.errors import Unavailable
from core.log import EventLog
from core.settings import Settings
from webapp.appointments.visit import relay_guests, rtc_control
from webapp.appointments.visit.models import Attendance, Visit
from webapp.db.unit import current_unit, housekeeping

log = EventLog("wellhouse.visit")


def put_out(account: uuid.UUID, settings: Settings, *, at: datetime) -> None:
    """End the media and the signalling of *account* in every open room. With the right to be here they may come back.

    Inside the caller's unit, whose rows say why.
    """
    rows = (
        Attendance.select(Attendance.id)
        .join(Visit)
        .where((Attendance.account == account) & Attendance.granted_at.is_null(False) & Visit.closed_at.is_null())
    )
    for row in list(rows):
        put_out_one(row.id, settings, at=at)


def put_out_one(attendance: uuid.UUID, settings: Settings, *, at: datetime) -> None:
    """Have this person leave their room when the caller's unit has committed; the worker asks again if need be."""
    Attendance.update(leaving_since=at).where(Attendance.id == attendance).execute()
    current_unit().after_commit(lambda: _try_now(attendance, settings))


def put_out_waiting(settings: Settings) -> int:
    """Put those out of whom the media server has not heard yet; how many there were. Unavailable if it has no time."""
    rows = (
        Attendance.select(Attendance, Visit)
        .join(Visit)
        .where(Attendance.leaving_since.is_null(False) & Visit.closed_at.is_null())
    )
    leaving = list(rows)
    for row in leaving:
        _ask(row, settings)
    return len(leaving)


def take_away(row: Attendance, settings: Settings) -> None:
    """No media, no signalling and no relay for this person any more. Unavailable if the box does not obey now."""
    relay_guests.turn_away(settings, [row.participant])
    rtc_control.remove_participant(settings.paths.control_socket, row.visit.room, row.participant)


def close_room(visit: Visit, settings: Settings) -> None:
    """The same for everybody in the room of *visit*."""
    people = Attendance.select(Attendance.participant).where(Attendance.visit == visit)
    relay_guests.turn_away(settings, [row.participant for row in people])
    rtc_control.close_room(settings.paths.control_socket, visit.room)


def _try_now(attendance: uuid.UUID, settings: Settings) -> None:
    row = Attendance.select(Attendance, Visit).join(Visit).where(Attendance.id == attendance).get()
    try:
        _ask(row, settings)
    except Unavailable:
        log.warning("visit.put_out_later", attendance=row.id)


def _ask(row: Attendance, settings: Settings) -> None:
    take_away(row, settings)
    with housekeeping("that the media server has put somebody out"):
        # Only what was asked for: who was sent back once more meanwhile has to leave once more.
        Attendance.update(leaving_since=None).where(
            (Attendance.id == row.id) & (Attendance.leaving_since == row.leaving_since)
        ).execute()
    log.info("visit.put_out", visit=row.visit_id, participant=row.participant)
