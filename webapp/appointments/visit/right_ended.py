"""Whose right to join has ended leaves the visit: family, and a provider whose appointment another keeps now.

The worker looks every few seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import peewee

from core.log import EventLog
from core.settings import Settings
from webapp.access.actor import SYSTEM, Role
from webapp.access.table import Right
from webapp.appointments.models import Appointment
from webapp.appointments.visit.models import Attendance, Visit
from webapp.appointments.visit.putting_out import take_away
from webapp.audit.events import Action, Event
from webapp.clients.families import accounts_of
from webapp.clients.models import Client
from webapp.db.unit import unit
from webapp.outbox.models import NoticeKind
from webapp.outbox.notices import notify

log = EventLog("wellhouse.visit")

LOOK_BACK = timedelta(hours=24)  # no visit lasts longer, and older ones need no look


def put_out_ended(settings: Settings, *, at: datetime) -> int:
    """End the places of those who acted for a client, or kept the appointment, and no longer do; how many there were.

    Unavailable if the media server does not answer: nothing is written then, and the next look tries again.
    """
    gone = [row for row in _acting(at=at) if not _holds(row, at=at)]
    for row in gone:
        take_away(row, settings)
        about = {"appointment": row.visit.appointment_id, "account": row.account_id}
        with unit(Event(Action.PUT_OUT, SYSTEM, client=row.client_id, about=about)):
            Attendance.update(granted_at=None, admitted_at=None, waiting_since=None).where(
                Attendance.id == row.id
            ).execute()
            provider = row.visit.appointment.provider_id
            notify([provider, row.account_id], NoticeKind.WAITING, row.visit.appointment_id, at=at)
        log.info("visit.put_out", visit=row.visit_id, participant=row.participant)
    return len(gone)


def _acting(*, at: datetime) -> list[Attendance]:
    """Who came to a visit that is not over, and is neither its provider nor its client."""
    here = (Attendance.granted_at > at - LOOK_BACK) | Attendance.waiting_since.is_null(False)
    acts = (Attendance.role == Role.CLIENT) & (Client.account.is_null() | (Client.account != Attendance.account))
    kept = (Attendance.role == Role.PROVIDER) & (Appointment.provider != Attendance.account)
    rows: peewee.ModelSelect[Attendance] = (
        Attendance.select(Attendance, Visit)
        .join_from(Attendance, Visit)
        .join_from(Visit, Appointment)
        .join_from(Attendance, Client, peewee.JOIN.LEFT_OUTER)
        .where(Visit.ended_at.is_null() & here & (acts | kept))
    )
    return list(rows)


def _holds(row: Attendance, *, at: datetime) -> bool:
    return row.client_id is not None and row.account_id in accounts_of([row.client_id], Right.VISITS, at=at)
