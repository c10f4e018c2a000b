"""Somebody who may not be here any more leaves the rooms they are in, at once."""

from __future__ import annotations

import uuid

from core.errors import Unavailable
from core.log import EventLog
from core.settings import Settings
from webapp.appointments.visit import rtc_control
from webapp.appointments.visit.models import Attendance, Visit

log = EventLog("wellhouse.visit")


def put_out(account: uuid.UUID, settings: Settings) -> None:
    """End the media and the signalling of *account* in every open room. With the right to be here they may come back.

    A media server that does not answer has no media to end; that is logged, and nobody waits for it.
    """
    rooms = (
        Attendance.select(Attendance.participant, Visit.room)
        .join(Visit)
        .where((Attendance.account == account) & Attendance.granted_at.is_null(False) & Visit.closed_at.is_null())
    )
    for room, participant in [(row.visit.room, row.participant) for row in rooms]:
        try:
            rtc_control.remove_participant(settings.paths.control_socket, room, participant)
        except Unavailable:
            log.exception("visit.put_out_failed", room=room, participant=participant)
