"""Booking and cancelling."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin

import peewee
from flask_babel import gettext

from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.table import Right
from webapp.account.models import Account, AccountRole, MailKind
from webapp.account.wishes import wanting
from webapp.appointments import booking
from webapp.appointments.links import appointment_path
from webapp.appointments.models import (
    MINUTES_MAX,
    Appointment,
    AppointmentClient,
    AppointmentReason,
    Status,
)
from webapp.appointments.policy import ReadAppointment
from webapp.audit.events import Action, Event
from webapp.clients.families import accounts_of
from webapp.clients.invitations import invite
from webapp.clients.models import Client
from webapp.db.unit import unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate, NoticeKind
from webapp.outbox.notices import notify

MINUTES_MIN = 5
AHEAD_MAX = timedelta(days=5 * 366)  # a year that was mistyped


def book(
    actor: Actor,
    client: Client,
    starts_at: datetime,
    minutes: int,
    settings: Settings,
    *,
    reason: str = "",
    at: datetime,
) -> uuid.UUID:
    """A new appointment of the acting provider with *client*. Invalid: see field; Conflict: one of them is busy."""
    if client.archived_at is not None:
        raise Conflict(gettext("%(name)s is archived. Restore the record first.", name=client.name))
    _refuse_time(starts_at, minutes, at=at)
    appointment = Appointment(provider=actor.id, starts_at=starts_at, minutes=minutes, created_at=at)
    appointment_id = uuid.UUID(str(appointment.id))
    with unit(Event(Action.APPOINTMENT_CREATED, actor, client=client.id, about={"appointment": appointment_id})):
        booking.lock()
        booking.refuse_overlap(actor.id, [client.id], starts_at, minutes, asked_by=actor.id)
        appointment.save(force_insert=True)
        AppointmentClient.create(appointment=appointment, client=client)
        if reason:
            AppointmentReason.create(appointment=appointment, text=reason)
        _tell([client], actor, appointment_id, settings, at=at)
    return appointment_id


@dataclass(frozen=True)
class Slot:
    """When an appointment is, and who keeps it."""

    starts_at: datetime
    minutes: int
    provider: uuid.UUID


def move(actor: Actor, read: ReadAppointment, to: Slot, settings: Settings, *, at: datetime) -> None:
    """Another time, or another provider; its people are told.

    Invalid: see field. Conflict: somebody is busy then, or it has begun, is over or was cancelled.
    """
    appointment = read.appointment
    _refuse_time(to.starts_at, to.minutes, at=at)
    clients = [client.id for client in read.clients]
    with unit(*_events(Action.APPOINTMENT_MOVED, actor, read, provider=to.provider)):
        booking.lock()
        if not _keeps_appointments(to.provider):
            raise Invalid(gettext("Choose a colleague from the list."), field="provider")
        booking.refuse_overlap(to.provider, clients, to.starts_at, to.minutes, asked_by=actor.id, but=appointment.id)
        moved = (
            Appointment.update(starts_at=to.starts_at, minutes=to.minutes, provider=to.provider)
            .where((Appointment.id == appointment.id) & _can_still_change(at))
            .execute()
        )
        if not moved:
            raise Conflict(_too_late())
        _tell(read.clients, actor, appointment.id, settings, at=at)
        notify({appointment.provider_id, to.provider}, NoticeKind.APPOINTMENT, appointment.id, at=at)


def _keeps_appointments(provider: uuid.UUID) -> bool:
    found = Account.select().join(AccountRole).where((Account.id == provider) & (AccountRole.role == Role.PROVIDER))
    return bool(found.where(Account.disabled_at.is_null()).exists())


def _can_still_change(at: datetime) -> peewee.Expression:
    return (Appointment.status == Status.SCHEDULED) & (Appointment.starts_at > at)


def _refuse_time(starts_at: datetime, minutes: int, *, at: datetime) -> None:
    if starts_at < at.replace(second=0, microsecond=0):
        raise Invalid(gettext("This time has passed. Choose one that is still to come."), field="time")
    if starts_at > at + AHEAD_MAX:
        raise Invalid(gettext("This is more than five years ahead. Please look at the year again."), field="day")
    if not MINUTES_MIN <= minutes <= MINUTES_MAX:
        raise Invalid(
            gettext("Choose between %(min)d and %(max)d minutes.", min=MINUTES_MIN, max=MINUTES_MAX), field="minutes"
        )


def cancel(actor: Actor, read: ReadAppointment, settings: Settings, *, at: datetime) -> None:
    """Call the appointment off; its people are told. Conflict if it has begun, is over or was cancelled before."""
    appointment = read.appointment
    with unit(*_events(Action.APPOINTMENT_CANCELLED, actor, read)):
        cancelled = (
            Appointment.update(status=Status.CANCELLED)
            .where((Appointment.id == appointment.id) & _can_still_change(at))
            .execute()
        )
        if not cancelled:
            raise Conflict(_too_late())
        _tell(read.clients, actor, appointment.id, settings, at=at)
        notify([appointment.provider_id], NoticeKind.APPOINTMENT, appointment.id, at=at)


def invite_to(actor: Actor, read: ReadAppointment, client_id: uuid.UUID, settings: Settings, *, at: datetime) -> str:
    """The address of an invitation for a client of this appointment, which leads to its visit."""
    if client_id not in {client.id for client in read.clients}:
        raise Invalid(gettext("This client is not in the appointment."))
    return invite(actor, client_id, settings, appointment=read.appointment.id, at=at)


def _tell(
    clients: list[Client] | tuple[Client, ...],
    actor: Actor,
    appointment: uuid.UUID,
    settings: Settings,
    *,
    at: datetime,
) -> None:
    """Those who can sign in hear of it: on open pages at once, and by a mail that holds a link."""
    accounts = accounts_of([client.id for client in clients], Right.APPOINTMENTS, at=at)
    notify(accounts, NoticeKind.APPOINTMENT, appointment, at=at)
    if not settings.mail.host:
        return
    link = urljoin(settings.origin, appointment_path(appointment))
    wanted = wanting(accounts, MailKind.APPOINTMENT) - {actor.id}
    for account in Account.select(Account.email).where(Account.id.in_(wanted)):
        post(account.email, MailTemplate.APPOINTMENT, {"link": link}, at=at)


def _too_late() -> str:
    return gettext("This appointment has begun or was cancelled already, so nothing was changed.")


def _events(action: Action, actor: Actor, read: ReadAppointment, **about: uuid.UUID) -> tuple[Event, ...]:
    """One for each client of it: each of them may ask what was done about them."""
    ids = {"appointment": read.appointment.id, **about}
    return tuple(Event(action, actor, client=client, about=ids) for client in read.audit_clients)
