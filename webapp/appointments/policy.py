"""Who may see and enter which appointment. Absent and not yours are the same answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT
from webapp.appointments import window
from webapp.appointments.models import Appointment, AppointmentClient, Status
from webapp.clients.models import Client


@dataclass(frozen=True)
class ReadAppointment:
    """An appointment as one of its people sees it. *role* is their part; *client* the asking client, if it is one."""

    appointment: Appointment
    clients: tuple[Client, ...]
    role: Role
    client: Client | None
    window: window.Window

    @property
    def audit_client(self) -> uuid.UUID | None:
        """Whose content this is: the asking client's, or the only client's. The record's *about* names the rest."""
        if self.client is not None:
            return uuid.UUID(str(self.client.id))
        return uuid.UUID(str(self.clients[0].id)) if len(self.clients) == 1 else None

    @property
    def client_accounts(self) -> tuple[uuid.UUID, ...]:
        """The accounts of its clients who have one."""
        return tuple(client.account_id for client in self.clients if client.account_id is not None)


def read_appointment(actor: Actor, appointment_id: uuid.UUID) -> ReadAppointment:
    """Its provider in the provider role, and its clients. Whether it can be entered now, *window* says."""
    appointment = Appointment.get_or_none(Appointment.id == appointment_id)
    if appointment is None or actor.account is None:
        raise NotFound(ABSENT)
    clients = tuple(
        Client.select().join(AppointmentClient).where(AppointmentClient.appointment == appointment_id)
        .order_by(Client.sort_key)
    )  # fmt: skip
    facts = {
        "ended": appointment.status is Status.DONE,
        "cancelled": appointment.status is Status.CANCELLED,
    }
    if actor.role is Role.PROVIDER and appointment.provider_id == actor.account:
        day = window.for_provider(appointment.starts_at, appointment.minutes, ZoneInfo(actor.time_zone), **facts)
        return ReadAppointment(appointment, clients, Role.PROVIDER, None, day)
    own = next((client for client in clients if client.account_id == actor.account), None)
    if actor.role is Role.CLIENT and own is not None:
        near = window.for_client(appointment.starts_at, appointment.minutes, **facts)
        return ReadAppointment(appointment, clients, Role.CLIENT, own, near)
    raise NotFound(ABSENT)


def keep_appointment(actor: Actor, appointment_id: uuid.UUID) -> ReadAppointment:
    """Only its provider."""
    read = read_appointment(actor, appointment_id)
    if read.role is not Role.PROVIDER:
        raise NotFound(ABSENT)
    return read


open_visit = read_appointment
"""The visit's door: the same people, who then look at ``window.entry(at=…)``."""
