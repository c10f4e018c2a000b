"""Booking an appointment: who, when, and never two at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Conflict, Invalid
from core.settings import Settings
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.at_once import at_once
from tests.webapp.clients.records import make_client
from tests.webapp.people import actor, make_account, sign_in
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.appointments.actions import book
from webapp.appointments.models import MINUTES_MAX, Appointment, AppointmentReason, Status
from webapp.clients.actions import archive_client
from webapp.clients.models import Client
from webapp.outbox.models import Notice, NoticeKind
from webapp.practice.actions import PracticeWords, save

NOON = datetime(2027, 3, 12, 16, 0, tzinfo=UTC)
BEFORE = NOON - timedelta(days=1)
MINUTE = timedelta(minutes=1)


def _book(app: Flask, provider: Account, client: Client, starts_at: datetime, minutes: int = 50, **wish: Any) -> None:
    settings: Settings = app.extensions["wellhouse.settings"]
    with app.app_context():
        book(actor(provider, Role.PROVIDER), client, starts_at, minutes, settings, **{"at": BEFORE, **wish})


@pytest.fixture
def provider(app: Flask) -> Account:
    return make_account(Role.PROVIDER)


@pytest.fixture
def client(provider: Account) -> Client:
    return make_client(provider)


@pytest.mark.parametrize(("offset", "free"), [(-50, True), (-49, False), (0, False), (49, False), (50, True)])
def test_provider_has_room_exactly_beside_an_appointment(
    app: Flask, provider: Account, client: Client, offset: int, free: bool
) -> None:
    _book(app, provider, client, NOON)
    other = make_client(provider, "Rosa Delgado")
    if free:
        _book(app, provider, other, NOON + offset * MINUTE)
    else:
        with pytest.raises(Conflict, match="You have another appointment"):
            _book(app, provider, other, NOON + offset * MINUTE)


def test_client_is_not_with_two_providers_at_once(app: Flask, provider: Account, client: Client) -> None:
    _book(app, provider, client, NOON)
    with pytest.raises(Conflict, match="This client has another appointment"):
        _book(app, make_account(Role.PROVIDER), client, NOON + 49 * MINUTE)


def test_whole_day_before_is_seen_as_taken(app: Flask, provider: Account, client: Client) -> None:
    _book(app, provider, client, NOON, MINUTES_MAX)
    last = NOON + (MINUTES_MAX - 1) * MINUTE
    with pytest.raises(Conflict):
        _book(app, provider, make_client(provider, "Rosa Delgado"), last, 5)


def test_cancelled_and_ended_appointments_leave_their_time_free(app: Flask, provider: Account, client: Client) -> None:
    make_appointment(provider, client, starts_at=NOON, status=Status.CANCELLED)
    make_appointment(provider, client, starts_at=NOON, status=Status.DONE)
    _book(app, provider, client, NOON)
    assert Appointment.select().count() == 3


def test_twenty_who_book_a_provider_at_once_get_one_appointment(app: Flask, provider: Account) -> None:
    clients = [make_client(provider, f"Client {number}") for number in range(20)]
    outcomes = at_once(20, lambda n: _book(app, provider, clients[n], NOON + n * MINUTE))
    assert outcomes == {"done": 1, "Conflict": 19}
    assert Appointment.select().count() == 1


def test_twenty_providers_who_book_a_client_at_once_get_one_appointment(app: Flask, client: Client) -> None:
    providers = [make_account(Role.PROVIDER) for _ in range(20)]
    outcomes = at_once(20, lambda n: _book(app, providers[n], client, NOON + n * MINUTE))
    assert outcomes == {"done": 1, "Conflict": 19}


def test_past_time_is_refused_and_the_present_minute_is_not(app: Flask, provider: Account, client: Client) -> None:
    at = NOON + timedelta(seconds=59)
    with pytest.raises(Invalid, match="This time has passed"):
        _book(app, provider, client, NOON - MINUTE, at=at)
    _book(app, provider, client, NOON, at=at)


@pytest.mark.parametrize("minutes", [0, 4, MINUTES_MAX + 1, -50])
def test_unlikely_lengths_are_refused(app: Flask, provider: Account, client: Client, minutes: int) -> None:
    with pytest.raises(Invalid, match="Choose between 5 and 480 minutes"):
        _book(app, provider, client, NOON, minutes)


def test_mistyped_year_is_refused(app: Flask, provider: Account, client: Client) -> None:
    with pytest.raises(Invalid, match="look at the year"):
        _book(app, provider, client, NOON.replace(year=2203))


def test_archived_client_is_not_booked(app: Flask, provider: Account, client: Client) -> None:
    archive_client(actor(provider), client.id, at=utcnow())
    with pytest.raises(Conflict, match="archived"):
        _book(app, provider, Client.get_by_id(client.id), NOON)


def test_client_with_an_open_page_hears_of_it(app: Flask, provider: Account) -> None:
    account = make_account(Role.CLIENT)
    _book(app, provider, make_client(provider, account=account), NOON)
    notice = Notice.get()
    assert (notice.account, notice.kind, notice.thing) == (account.id, NoticeKind.APPOINTMENT, Appointment.get().id)


def _eastern(app: Flask) -> None:
    with app.app_context():
        words = PracticeWords(name="Cedar Hollow", time_zone="America/New_York")
        save(actor(make_account(Role.ADMIN), Role.ADMIN), words, at=utcnow())


def test_form_books_on_the_practice_s_clock(app: Flask, provider: Account, client: Client) -> None:
    _eastern(app)
    at_provider = sign_in(app, provider)
    url = f"/clients/{client.id}/appointments/new"
    assert "America/New York" in at_provider.get(url).text
    year = utcnow().year + 1
    fields = {"day": f"{year}-06-15", "time": "10:30", "minutes": "50", "reason": "Sleep"}
    answer = at_provider.send(url, fields)
    assert answer.status_code == 302
    appointment = Appointment.get()
    assert appointment.starts_at == datetime(year, 6, 15, 14, 30, tzinfo=UTC)
    assert AppointmentReason.get().text == "Sleep"
    assert answer.location == f"/appointments/{appointment.id}"
    assert "Sleep" in at_provider.get(answer.location).text


def _changes(month: int) -> str:
    """The Sunday of next year on which clocks change in New York: the second of March, the first of November."""
    year, first = utcnow().year + 1, {3: 8, 11: 1}[month]
    days = (datetime(year, month, day, tzinfo=UTC) for day in range(first, first + 7))
    return next(f"{day:%Y-%m-%d}" for day in days if day.weekday() == 6)


def test_time_that_is_left_out_in_spring_is_explained(app: Flask, provider: Account, client: Client) -> None:
    _eastern(app)
    fields = {"day": _changes(3), "time": "02:30", "minutes": "50"}
    page = sign_in(app, provider).send(f"/clients/{client.id}/appointments/new", fields).text
    assert "Clocks go forward that day" in page
    assert "Did you mean 3:30" in page
    assert not Appointment.select().exists()


def test_time_that_comes_twice_in_autumn_is_asked_for(app: Flask, provider: Account, client: Client) -> None:
    _eastern(app)
    at_provider, url = sign_in(app, provider), f"/clients/{client.id}/appointments/new"
    fields = {"day": _changes(11), "time": "01:30", "minutes": "50"}
    page = at_provider.send(url, fields).text
    assert "this time comes twice" in page
    assert "EDT, the first time" in page
    assert "EST, an hour later" in page
    assert not Appointment.select().exists()
    assert at_provider.send(url, {**fields, "which": "1"}).status_code == 302
    assert Appointment.get().starts_at.hour == 6  # 1:30 EST


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"day": ""}, "Please choose a date."),
        ({"time": "25:99"}, "Not a valid time value."),
        ({"minutes": "many"}, "Please write how many minutes."),
        ({"minutes": "481"}, "Choose between 5 and 480 minutes."),
        ({"day": "2001-01-01"}, "This time has passed."),
        ({"reason": "x" * 501}, "Please take at most 500 characters."),
    ],
)
def test_refused_booking_says_why_and_keeps_the_rest(
    app: Flask, provider: Account, client: Client, changed: dict[str, str], sentence: str
) -> None:
    fields = {"day": "2099-06-15", "time": "10:30", "minutes": "50", "reason": "Sleep", **changed}
    page = sign_in(app, provider).send(f"/clients/{client.id}/appointments/new", fields).text
    assert sentence in page
    assert fields["reason"] in page
    assert not Appointment.select().exists()


def test_taken_time_is_said_in_the_form(app: Flask, provider: Account, client: Client) -> None:
    fields = {"day": f"{utcnow().year + 1}-06-15", "time": "10:30", "minutes": "50"}
    at_provider, url = sign_in(app, provider), f"/clients/{client.id}/appointments/new"
    at_provider.send(url, fields)
    assert "You have another appointment at that time." in at_provider.send(url, fields).text
    assert Appointment.select().count() == 1
