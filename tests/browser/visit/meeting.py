"""A provider, a client and an appointment that is on now, written into the appliance's database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from core.clock import utcnow
from core.settings import Settings
from tests.webapp import people
from webapp.access import sessions
from webapp.access.actor import SYSTEM, Role
from webapp.account import hashing
from webapp.account.models import Account
from webapp.appointments.models import Appointment, AppointmentClient
from webapp.audit.events import Action, Event
from webapp.clients.actions import add_client
from webapp.clients.models import Client
from webapp.clients.values import ClientValues, Details
from webapp.db.unit import housekeeping, unit

PROVIDER = "Dr. Amara Okafor"
CLIENT = "Maren Halvorsen"
SECOND_CLIENT = "Rosa Delgado"
PASSWORD = "three small boats 41"


@dataclass(frozen=True)
class Somebody:
    """An account, and the cookie of a session in which it is signed in."""

    account: Account
    cookie: str


@dataclass(frozen=True)
class Meeting:
    appointment: uuid.UUID
    provider: Somebody
    clients: tuple[Somebody, ...]

    @property
    def client(self) -> Somebody:
        return self.clients[0]

    @property
    def path(self) -> str:
        return f"/appointments/{self.appointment}"


def make_meeting(settings: Settings, *names: str) -> Meeting:
    """Fresh people in a fresh appointment, with one client or of these *names*; the database is prepared already."""
    provider = _somebody(settings, Role.PROVIDER, PROVIDER)
    clients, records = [], []
    for name in names or (CLIENT,):
        clients.append(_somebody(settings, Role.CLIENT, name))
        values = ClientValues(name, "America/New_York", phone="802-555-0147")
        records.append(add_client(people.actor(provider.account), values, Details(), at=utcnow()))
        with housekeeping("an invitation was accepted"):
            Client.update(account=clients[-1].account).where(Client.id == records[-1]).execute()
    with unit(Event(Action.APPOINTMENT_CREATED, SYSTEM)):
        now = utcnow()
        appointment = Appointment.create(provider=provider.account, starts_at=now, minutes=50, created_at=now)
        for record in records:
            AppointmentClient.create(appointment=appointment, client=record)
    return Meeting(appointment.id, provider, tuple(clients))


def _somebody(settings: Settings, role: Role, name: str) -> Somebody:
    email = f"{uuid.uuid4()}@example.org"
    account = people.make_account(role, name=name, email=email, password_hash=hashing.make(PASSWORD))
    with unit(Event(Action.SIGNED_IN, people.actor(account))):
        _, cookie = sessions.start(account.id, role, settings.portal, address="127.0.0.1", device="Test", at=utcnow())
    return Somebody(account, cookie)
