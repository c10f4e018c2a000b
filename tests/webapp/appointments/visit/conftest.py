"""A provider, a client and an appointment that is on now."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.ids import new_id
from tests.webapp import people
from webapp.access.actor import SYSTEM, Role
from webapp.account.models import Account
from webapp.appointments.models import Appointment, AppointmentClient
from webapp.audit.events import Action, Event
from webapp.clients.actions import add_client
from webapp.clients.models import Client
from webapp.clients.values import ClientValues, Details
from webapp.db.unit import housekeeping, unit


@dataclass(frozen=True)
class Meeting:
    """An appointment with its people, and browsers in which they are signed in."""

    appointment: Appointment
    provider: Account
    clients: tuple[Account, ...]
    at_provider: people.Browser
    at_client: people.Browser
    at_second: people.Browser | None = None

    @property
    def url(self) -> str:
        return f"/appointments/{self.appointment.id}/visit"


def make_client(provider: Account, account: Account) -> uuid.UUID:
    """The client whom *provider* wrote down and who signs in as *account*."""
    values = ClientValues(account.name, "America/New_York", phone="802-555-0147")
    client = add_client(people.actor(provider), values, Details(), at=utcnow())
    with housekeeping("an invitation was accepted"):
        Client.update(account=account).where(Client.id == client).execute()
    return client


def make_meeting(app: Flask, *names: str, starts_in: timedelta = timedelta()) -> Meeting:
    """An appointment that begins *starts_in* from now with clients of these *names*."""
    provider = people.make_account(Role.PROVIDER, name="Dr. Amara Okafor")
    accounts = tuple(people.make_account(Role.CLIENT, name=name) for name in names)
    clients = [make_client(provider, account) for account in accounts]
    with unit(Event(Action.APPOINTMENT_CREATED, SYSTEM)):
        now = utcnow()
        appointment = Appointment.create(provider=provider, starts_at=now + starts_in, minutes=50, created_at=now)
        for client in clients:
            AppointmentClient.create(appointment=appointment, client=client)
    browsers = [people.sign_in(app, account) for account in accounts]
    return Meeting(
        appointment,
        provider,
        accounts,
        people.sign_in(app, provider),
        browsers[0],
        browsers[1] if len(browsers) > 1 else None,
    )


@pytest.fixture
def meeting(app: Flask) -> Meeting:
    return make_meeting(app, "Maren Halvorsen")


@pytest.fixture
def group(app: Flask) -> Meeting:
    return make_meeting(app, "Rosa Delgado", "Desmond Achebe")


def wait(meeting: Meeting, browser: people.Browser | None = None) -> str:
    """A client (the first, unless another) enters the waiting room; the id by which they are admitted."""
    answer = (browser or meeting.at_client).send_json(
        f"{meeting.url}/wait", {"place": "14 Elm Street, Burlington", "phone": "802-555-0147"}
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    waiting = meeting.at_provider.get(f"{meeting.url}/state").get_json()["waiting"]
    return str(waiting[-1]["person"])


def admit(meeting: Meeting, person: str) -> None:
    answer = meeting.at_provider.send_json(f"{meeting.url}/admit", {"person": person})
    assert answer.status_code == 200, answer.get_data(as_text=True)


def write(meeting: Meeting, browser: people.Browser, body: str) -> None:
    answer = browser.send_json(f"{meeting.url}/chat", {"id": str(new_id()), "body": body})
    assert answer.status_code == 204, answer.get_data(as_text=True)


def read(meeting: Meeting, browser: people.Browser) -> list[str]:
    return [line["body"] for line in browser.get(f"{meeting.url}/chat").get_json()["lines"]]
