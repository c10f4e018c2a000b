"""No double booking: neither the provider nor a client is in two appointments at once, whoever is quicker."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import peewee
from flask_babel import gettext

from core.errors import Conflict
from webapp.appointments.models import Appointment, AppointmentClient, Status, ends_after
from webapp.db.database import db
from webapp.db.unit import current_unit

_POSTGRES_LOCK = 0x626F6F6B  # any fixed number: one booking at a time; each takes milliseconds


def lock() -> None:
    """Become the only one who books until the unit ends. On SQLite a unit is the only writer already."""
    current_unit()
    if isinstance(db.obj, peewee.PostgresqlDatabase):
        db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_POSTGRES_LOCK,))


def refuse_overlap(
    provider: uuid.UUID,
    clients: Iterable[uuid.UUID],
    starts_at: datetime,
    minutes: int,
    *,
    asked_by: uuid.UUID,
    but: uuid.UUID | None = None,
) -> None:
    """Conflict if the provider or one of *clients* has an appointment in that time, *but* this. Call lock() first."""
    at_once = _at_once(starts_at, minutes)
    if but is not None:
        at_once = at_once.where(Appointment.id != but)
    if at_once.where(Appointment.provider == provider).exists():
        if provider == asked_by:
            raise Conflict(gettext("You have another appointment at that time. Choose another time."))
        raise Conflict(gettext("This provider has another appointment at that time. Choose another time."))
    if at_once.join(AppointmentClient).where(AppointmentClient.client.in_(list(clients))).exists():
        raise Conflict(gettext("This client has another appointment at that time. Choose another time."))


def _at_once(starts_at: datetime, minutes: int) -> peewee.ModelSelect[Appointment]:
    ends_at = starts_at + timedelta(minutes=minutes)
    # A visit that was ended early leaves the rest of its time free.
    kept = Appointment.status == Status.SCHEDULED
    return Appointment.select(Appointment.id).where(kept & (Appointment.starts_at < ends_at) & ends_after(starts_at))
