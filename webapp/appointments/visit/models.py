"""What is kept of a visit: who waited, was let in and was inside for how long, and what was written.

What is sealed lies in tables of its own, so that judging who may enter never opens it.
"""

from __future__ import annotations

import uuid

import peewee

from core.ids import new_id
from core.room_events import LeaveReason
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.appointments.models import Appointment
from webapp.clients.models import Client
from webapp.db import triggers
from webapp.db.database import db
from webapp.db.fields import Choice, Moment, Of, Row, SealedText


class Visit(Row):
    """The room of an appointment. *closed_at* is when the media server was known to have nobody in it any more."""

    appointment_id: uuid.UUID
    appointment = peewee.ForeignKeyField(Appointment, unique=True, on_delete="RESTRICT")
    room = peewee.UUIDField(unique=True, default=new_id)
    began_at = Moment(null=True)
    ended_at = Moment(null=True, index=True)
    closed_at = Moment(null=True)


class Attendance(Row):
    """One person in one visit. *participant* is all that the media server knows of them.

    A client waits while *waiting_since* is set and *seen_at* is recent, and may enter while *admitted_at* is set.
    *leaving_since* is set while the media server has yet to put them out (``putting_out``).
    """

    visit_id: uuid.UUID
    visit = peewee.ForeignKeyField(Visit, on_delete="RESTRICT")
    account_id: uuid.UUID
    account = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
    client_id: uuid.UUID | None
    client = peewee.ForeignKeyField(Client, null=True, on_delete="RESTRICT")
    role = Choice(Role)
    participant = peewee.UUIDField(unique=True, default=new_id)
    waiting_since = Moment(null=True, index=True)
    seen_at = Moment(null=True)
    admitted_at = Moment(null=True)
    granted_at = Moment(null=True)
    leaving_since = Moment(null=True)

    class Meta:
        indexes = ((("visit", "account"), True),)


class Whereabouts(Row):
    """Where a client said to be for this visit, and the number to call back."""

    attendance_id: uuid.UUID
    attendance = peewee.ForeignKeyField(Attendance, unique=True, on_delete="RESTRICT")
    place = SealedText(of=Of.CLIENT)
    phone = SealedText(of=Of.CLIENT)


class Stay(Row):
    """Once inside the room, from *joined_at* to *left_at*, and how well the connection was.

    *round_trip_ms*, *loss_up* and *loss_down* (0 to 1) are means over *measured_s* seconds.
    """

    attendance_id: uuid.UUID
    attendance = peewee.ForeignKeyField(Attendance, on_delete="RESTRICT")
    joined_at = Moment()
    left_at = Moment(null=True)
    reason = Choice(LeaveReason, null=True)
    measured_s = peewee.FloatField(default=0.0)
    round_trip_ms = peewee.FloatField(null=True)
    loss_up = peewee.FloatField(default=0.0)
    loss_down = peewee.FloatField(default=0.0)


class ChatLine(peewee.Model):
    """A line of the chat. *id* was made by the writer's page, so that one sent twice is kept once.

    *audience* is the one client to whom it was written in the waiting room; None for everybody in the visit.
    """

    number = peewee.BigAutoField()
    id = peewee.UUIDField(unique=True)
    visit_id: uuid.UUID
    visit = peewee.ForeignKeyField(Visit, on_delete="RESTRICT")
    author_id: uuid.UUID
    author = peewee.ForeignKeyField(Attendance, on_delete="RESTRICT")
    audience_id: uuid.UUID | None
    audience = peewee.ForeignKeyField(Attendance, null=True, backref="private_lines", on_delete="RESTRICT")
    at = Moment()
    body = SealedText(of=Of.CLIENT)

    class Meta:
        database = db
        legacy_table_names = False
        indexes = ((("visit", "number"), False),)


class RoomEventCursor(peewee.Model):
    """Up to which number the media server's events have been taken over. One row."""

    id = peewee.IntegerField(primary_key=True)
    number = peewee.BigIntegerField()

    class Meta:
        database = db
        legacy_table_names = False


triggers.append_only("chat_line", "What was written in a visit stays as it was written.")
