"""Moving an appointment: to another time, and by admins to another provider."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import SEALED_WORDS, make_client
from tests.webapp.people import actor, make_account, sign_in
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.appointments.models import Appointment, AppointmentReason, Status
from webapp.appointments.visit import right_ended, rtc_control
from webapp.appointments.visit.models import Attendance
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients.models import CareTeam
from webapp.db.unit import housekeeping
from webapp.outbox.models import Notice
from webapp.practice.actions import PracticeWords, save

TOMORROW = timedelta(days=1)


class People:
    """An appointment of tomorrow, its people, a colleague and an admin."""

    def __init__(self, app: Flask) -> None:
        self.provider = make_account(Role.PROVIDER, name="Dr. Amara Okafor")
        self.colleague: Account = make_account(Role.PROVIDER, name="Tomás Rivera")
        self.account = make_account(Role.CLIENT)
        self.client = make_client(self.provider, account=self.account)
        self.appointment = make_appointment(self.provider, self.client, starts_at=_whole(utcnow() + TOMORROW))
        with housekeeping("what it is about"):
            AppointmentReason.create(appointment=self.appointment, text="Trouble sleeping")
        self.at_provider = sign_in(app, self.provider)
        self.at_colleague = sign_in(app, self.colleague)
        self.at_client = sign_in(app, self.account)
        self.at_admin = sign_in(app, make_account(Role.ADMIN))
        self.url = f"/appointments/{self.appointment.id}"

    def to(self, starts_at: datetime, **wish: Any) -> dict[str, str]:
        fields = {"day": f"{starts_at:%Y-%m-%d}", "time": f"{starts_at:%H:%M}", "minutes": "30"}
        return {**fields, "provider": str(self.provider.id), **wish}


def _whole(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


@pytest.fixture
def people(app: Flask) -> People:
    words = PracticeWords(name="Heron Clinic", time_zone="UTC")  # the form's wall clock is the database's
    with app.test_request_context():
        save(actor(make_account(Role.ADMIN), Role.ADMIN), words, at=utcnow())
    return People(app)


def test_both_the_provider_and_an_admin_move_it_and_its_people_hear_of_it(people: People) -> None:
    later = _whole(utcnow() + 2 * TOMORROW)
    for mover, starts_at in ((people.at_provider, later), (people.at_admin, later + timedelta(hours=1))):
        assert mover.send(f"{people.url}/move", people.to(starts_at)).status_code == 302
        row = Appointment.get()
        assert (row.starts_at, row.minutes, row.provider_id) == (starts_at, 30, people.provider.id)
    assert {notice.account for notice in Notice.select()} == {people.provider.id, people.account.id}
    moved = list(AuditEvent.select().where(AuditEvent.action == Action.APPOINTMENT_MOVED).order_by(AuditEvent.sequence))
    assert [(row.client, row.role) for row in moved] == [(people.client.id, "provider"), (people.client.id, "admin")]


def test_admin_sees_when_and_who_and_not_why(people: People) -> None:
    page = people.at_admin.get(people.url).text
    assert people.client.name in page
    assert "Dr. Amara Okafor" in page
    assert "Trouble sleeping" not in page
    assert not any(word in page for word in SEALED_WORDS)
    assert "Trouble sleeping" in people.at_provider.get(people.url).text
    listed = people.at_admin.get("/schedule").text
    assert people.url in listed
    assert "with Dr. Amara Okafor" in listed


def test_other_provider_gets_the_appointment_and_not_the_record(people: People) -> None:
    to = people.to(people.appointment.starts_at, provider=str(people.colleague.id))
    assert people.at_colleague.get(people.url).status_code == 404
    assert people.at_admin.send(f"{people.url}/move", to).status_code == 302
    assert people.at_colleague.get(people.url).status_code == 200
    assert people.at_provider.get(people.url).status_code == 404
    assert "Heron Way" not in people.at_colleague.get(f"/clients/{people.client.id}").text
    assert CareTeam.select().count() == 1
    assert {notice.account for notice in Notice.select()} == {
        people.provider.id,
        people.colleague.id,
        people.account.id,
    }


def test_provider_cannot_hand_it_over_by_a_smuggled_field(people: People) -> None:
    to = people.to(people.appointment.starts_at, provider=str(people.colleague.id))
    assert people.at_provider.send(f"{people.url}/move", to).status_code == 302
    assert Appointment.get().provider_id == people.provider.id


def test_client_and_colleague_cannot_move_it(people: People) -> None:
    for other in (people.at_client, people.at_colleague):
        assert other.get(f"{people.url}/move").status_code == 404
        assert other.send(f"{people.url}/move", people.to(people.appointment.starts_at)).status_code == 404


@pytest.mark.parametrize("which", ["provider", "client"])
def test_taken_time_is_refused_and_nothing_moves(people: People, which: str) -> None:
    later = _whole(utcnow() + 3 * TOMORROW)
    keeper = people.colleague if which == "provider" else people.provider
    guest = make_client(people.colleague, "Rosa Delgado") if which == "provider" else people.client
    make_appointment(keeper, guest, starts_at=later)
    to = people.to(later, provider=str(people.colleague.id))
    page = people.at_admin.send(f"{people.url}/move", to)
    assert page.status_code == 200
    assert f"This {which} has another appointment at that time." in page.text
    assert Appointment.get_by_id(people.appointment.id).starts_at == people.appointment.starts_at


def test_it_may_overlap_with_where_it_was(people: People) -> None:
    a_bit_later = people.appointment.starts_at + timedelta(minutes=10)
    assert people.at_provider.send(f"{people.url}/move", people.to(a_bit_later)).status_code == 302


@pytest.mark.parametrize("state", ["begun", "cancelled"])
def test_what_has_begun_or_was_cancelled_stays(people: People, state: str) -> None:
    with housekeeping("time passes"):
        if state == "begun":
            Appointment.update(starts_at=utcnow() - timedelta(minutes=1)).execute()
        else:
            Appointment.update(status=Status.CANCELLED).execute()
    assert "Move appointment" not in people.at_admin.get(people.url).text
    answer = people.at_admin.send(f"{people.url}/move", people.to(_whole(utcnow() + TOMORROW)))
    assert "nothing was changed" in answer.text
    assert not AuditEvent.select().where(AuditEvent.action == Action.APPOINTMENT_MOVED).exists()


def test_disabled_or_invented_provider_gets_nothing(people: People) -> None:
    for nobody in (str(people.account.id), "x", ""):
        to = people.to(people.appointment.starts_at, provider=nobody)
        assert people.at_admin.send(f"{people.url}/move", to).status_code == 200
    assert Appointment.get().provider_id == people.provider.id


def test_provider_who_keeps_it_no_more_is_put_out_of_its_room(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[object] = []
    monkeypatch.setattr(rtc_control, "remove_participant", lambda _socket, _room, who: removed.append(who))
    with housekeeping("it is nearly time"):
        Appointment.update(starts_at=utcnow() + timedelta(minutes=5)).execute()
    assert people.at_provider.send_json(f"{people.url}/visit/entry").status_code == 200
    settings = app.extensions["wellhouse.settings"]
    assert right_ended.put_out_ended(settings, at=utcnow()) == 0
    to = people.to(_whole(utcnow() + timedelta(minutes=10)), provider=str(people.colleague.id))
    assert people.at_admin.send(f"{people.url}/move", to).status_code == 302
    assert right_ended.put_out_ended(settings, at=utcnow()) == 1
    assert removed == [Attendance.get().participant]
