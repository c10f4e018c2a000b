"""Appointments for tests."""

from __future__ import annotations

from datetime import datetime

from core.clock import utcnow
from webapp.access.actor import SYSTEM
from webapp.account.models import Account
from webapp.appointments.models import Appointment, AppointmentClient, Status
from webapp.audit.events import Action, Event
from webapp.clients.models import Client
from webapp.db.unit import unit


def make_appointment(
    provider: Account,
    *clients: Client,
    starts_at: datetime | None = None,
    minutes: int = 50,
    status: Status = Status.SCHEDULED,
) -> Appointment:
    """An appointment of *provider* with *clients*, on now if no time is given."""
    now = utcnow()
    with unit(Event(Action.APPOINTMENT_CREATED, SYSTEM)):
        appointment = Appointment.create(
            provider=provider, starts_at=starts_at or now, minutes=minutes, status=status, created_at=now
        )
        for client in clients:
            AppointmentClient.create(appointment=appointment, client=client)
    return appointment
