"""Appointments and who is in them."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime, timedelta
from typing import cast

import peewee

from webapp.account.models import Account
from webapp.clients.models import Client
from webapp.db.fields import Choice, Moment, Of, Row, SealedText

MINUTES_MAX = 480  # a day's workshop; also how far back a search for overlaps must look


class Status(enum.StrEnum):
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    DONE = "done"  # its provider ended the visit


class Appointment(Row):
    """A time that a provider keeps for one or more clients."""

    provider_id: uuid.UUID
    provider = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
    starts_at = Moment(index=True)
    minutes = peewee.IntegerField()
    status = Choice(Status, default=Status.SCHEDULED)
    created_at = Moment()

    class Meta:
        indexes = ((("provider", "starts_at"), False),)

    @property
    def ends_at(self) -> datetime:
        return cast(datetime, self.starts_at) + timedelta(minutes=self.minutes)


class AppointmentReason(Row):
    """What an appointment is about, in a table of its own: lists and checks of rights never open it."""

    appointment_id: uuid.UUID
    appointment = peewee.ForeignKeyField(Appointment, unique=True, on_delete="RESTRICT")
    text = SealedText(of=Of.CLIENT)


class AppointmentClient(Row):
    """*client* is in *appointment*."""

    appointment_id: uuid.UUID
    appointment = peewee.ForeignKeyField(Appointment, on_delete="RESTRICT")
    client_id: uuid.UUID
    client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")

    class Meta:
        indexes = ((("appointment", "client"), True), (("client", "appointment"), False))


def ends_after(moment: datetime) -> peewee.Expression:
    """SQL: the appointment's end lies after *moment*. Nothing lasts longer than MINUTES_MAX, so the index bounds it."""
    end_us = Appointment.starts_at + Appointment.minutes.cast("bigint") * 60_000_000  # Moments are microseconds
    recent = Appointment.starts_at > moment - timedelta(minutes=MINUTES_MAX)
    return recent & (end_us > Appointment.starts_at.db_value(moment))
