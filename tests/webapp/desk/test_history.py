"""Appointment History: when, with whom, how long, the chat and the connection."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.ids import new_id
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import make_client
from tests.webapp.people import actor, make_account, sign_in
from webapp.access.actor import SYSTEM, Role
from webapp.account.models import Account
from webapp.appointments.models import Appointment, Status
from webapp.appointments.visit import actions as visits
from webapp.appointments.visit import policy as doors
from webapp.appointments.visit.models import Stay
from webapp.appointments.visit.queries import StayView
from webapp.audit.events import Action, Event
from webapp.audit.models import AuditEvent
from webapp.clients.actions import add_to_care_team
from webapp.clients.models import Client
from webapp.db.unit import unit
from webapp.desk.past import Grade, grade

STARTED = utcnow() - timedelta(days=2)


class Held:
    """A visit two days ago, 48 minutes long, in which both wrote a line."""

    def __init__(self, app: Flask) -> None:
        self.provider = make_account(Role.PROVIDER, name="Dr. Amara Okafor")
        self.account = make_account(Role.CLIENT, name="Maren Halvorsen")
        self.client: Client = make_client(self.provider, account=self.account)
        self.appointment: Appointment = make_appointment(self.provider, self.client, starts_at=STARTED)
        with app.app_context():
            self._hold()

    def _hold(self) -> None:
        provider, guest = actor(self.provider, Role.PROVIDER), actor(self.account, Role.CLIENT)
        id_ = self.appointment.id
        mine = visits.enter_waiting_room(guest, doors.come_to(guest, id_), place="Montpelier", phone="1", at=STARTED)
        visits.admit(provider, doors.let_in(provider, id_, mine.id), at=STARTED)
        for who, line in ((provider, "The library: 802-555-0139."), (guest, "Thank you!")):
            _, attendance = visits.record_entry(who, doors.come_to(who, id_), at=STARTED)
            with unit(Event(Action.VISIT_RECORDED, SYSTEM)):
                left = STARTED + timedelta(minutes=48)
                Stay.create(attendance=attendance, joined_at=STARTED, left_at=left, measured_s=60.0, round_trip_ms=40.0)
            visits.send_chat(who, doors.come_to(who, id_), new_id(), line, at=STARTED + timedelta(minutes=1))


@pytest.fixture
def held(app: Flask) -> Held:
    return Held(app)


def test_history_of_a_client_says_when_with_whom_and_how_long(app: Flask, held: Held) -> None:
    make_appointment(held.provider, held.client, starts_at=STARTED - timedelta(days=7))
    make_appointment(held.provider, held.client, starts_at=STARTED - timedelta(days=6), status=Status.CANCELLED)
    page = sign_in(app, held.provider).get(f"/clients/{held.client.id}/appointments").text
    assert "Appointment History" in page
    assert "48 min" in page
    assert "Dr. Amara Okafor" in page
    assert "Did not take place" in page
    assert "Cancelled" in page
    assert "library" not in page


@pytest.mark.parametrize("who", ["provider", "account"])
def test_people_of_a_visit_read_its_chat_afterwards(app: Flask, held: Held, who: str) -> None:
    page = sign_in(app, getattr(held, who)).get(f"/appointments/{held.appointment.id}/history").text
    assert "The library: 802-555-0139." in page
    assert "Thank you!" in page
    assert "connection good" in page
    viewed = AuditEvent.get(AuditEvent.action == Action.HISTORY_VIEWED)
    assert viewed.client == held.client.id


def test_colleague_of_the_care_team_sees_that_there_was_a_visit_but_not_what_was_written(
    app: Flask, held: Held
) -> None:
    colleague: Account = make_account(Role.PROVIDER)
    add_to_care_team(actor(held.provider), held.client.id, colleague.id, at=utcnow())
    at_colleague = sign_in(app, colleague)
    page = at_colleague.get(f"/clients/{held.client.id}/appointments").text
    assert "48 min" in page
    assert str(held.appointment.id) not in page
    assert at_colleague.get(f"/appointments/{held.appointment.id}/history").status_code == 404


def test_client_finds_the_chat_from_the_list_of_past_visits(app: Flask, held: Held) -> None:
    at_client = sign_in(app, held.account)
    assert f"/appointments/{held.appointment.id}" in at_client.get("/appointments?show=past").text
    assert f"/appointments/{held.appointment.id}/history" in at_client.get(f"/appointments/{held.appointment.id}").text


def test_visit_to_which_nobody_came_says_so(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    appointment = make_appointment(provider, make_client(provider), starts_at=STARTED)
    assert "Nobody came" in sign_in(app, provider).get(f"/appointments/{appointment.id}/history").text


@pytest.mark.parametrize(
    ("round_trip_ms", "loss_up", "loss_down", "expected"),
    [
        (40.0, 0.0, 0.0, Grade.GOOD),
        (251.0, 0.0, 0.0, Grade.FAIR),
        (40.0, 0.03, 0.0, Grade.FAIR),
        (40.0, 0.0, 0.09, Grade.WEAK),
        (501.0, 0.0, 0.0, Grade.WEAK),
        (None, 0.0, 0.0, Grade.GOOD),
        (None, None, None, Grade.UNKNOWN),
    ],
)
def test_connection_is_graded_by_its_worst_side(
    round_trip_ms: float | None, loss_up: float | None, loss_down: float | None, expected: Grade
) -> None:
    assert grade(StayView(STARTED, STARTED, None, round_trip_ms, loss_up, loss_down)) is expected
