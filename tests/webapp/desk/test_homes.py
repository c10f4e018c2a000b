"""What each role finds at “/”, and the bar above it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import make_client
from tests.webapp.people import actor, browser, make_account, sign_in
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.models import Account
from webapp.appointments.models import Appointment, Status
from webapp.appointments.visit import actions as visits
from webapp.appointments.visit import policy as doors
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients.models import Client
from webapp.db.unit import housekeeping


def _wait(app: Flask, appointment: Appointment, account: Account) -> None:
    guest = actor(account, Role.CLIENT)
    with app.app_context():
        door = doors.come_to(guest, appointment.id)
        visits.enter_waiting_room(guest, door, place="Montpelier, VT", phone="802-555-0147", at=utcnow())


@pytest.fixture
def provider(app: Flask) -> Account:
    return make_account(Role.PROVIDER, name="Dr. Amara Okafor")


@pytest.fixture
def account(app: Flask) -> Account:
    return make_account(Role.CLIENT, name="Maren Halvorsen")


@pytest.fixture
def client(provider: Account, account: Account) -> Client:
    return make_client(provider, account=account)


def test_stranger_is_led_to_the_sign_in_page(app: Flask) -> None:
    answer = browser(app).get("/")
    assert (answer.status_code, answer.location) == (302, "/sign-in")


def test_provider_sees_who_waits_and_admits_from_there(
    app: Flask, provider: Account, account: Account, client: Client
) -> None:
    appointment = make_appointment(provider, client)
    _wait(app, appointment, account)
    at_provider = sign_in(app, provider)
    page = at_provider.get("/").text
    assert "Maren Halvorsen is waiting" in page
    admit = next(part for part in page.split('"') if part.endswith("/admit"))
    answer = at_provider.send(admit)
    assert (answer.status_code, answer.location) == (303, f"/appointments/{appointment.id}/visit")
    assert "Maren Halvorsen is waiting" not in at_provider.get("/").text


def test_banner_tells_on_every_other_page_and_only_the_provider_of_the_visit(
    app: Flask, provider: Account, account: Account, client: Client
) -> None:
    _wait(app, make_appointment(provider, client), account)
    at_provider = sign_in(app, provider)
    for page in ("/clients", "/appointments", "/account", f"/clients/{client.id}"):
        assert "Maren Halvorsen is waiting" in at_provider.get(page).text
    assert "is waiting" not in sign_in(app, make_account(Role.PROVIDER)).get("/clients").text
    assert "is waiting" not in sign_in(app, account).get("/").text


def test_parts_about_the_waiting_room_are_fetched_without_being_active(
    app: Flask, provider: Account, account: Account, client: Client
) -> None:
    _wait(app, make_appointment(provider, client), account)
    at_provider = sign_in(app, provider)
    before = utcnow() - timedelta(minutes=10)
    with housekeeping("ten minutes went by"):
        Session.update(last_seen_at=before).execute()
    page = at_provider.get("/waiting").text
    assert 'id="waiting-banner"' in page
    assert 'id="waiting-card"' in page
    assert page.count("Maren Halvorsen is waiting") == 3  # two spoken, one shown
    assert Session.get(Session.account == provider.id).last_seen_at == before
    assert sign_in(app, account).get("/waiting").status_code == 404


def test_waiting_client_is_marked_on_the_list(app: Flask, provider: Account, account: Account, client: Client) -> None:
    _wait(app, make_appointment(provider, client), account)
    assert "Waiting now" in sign_in(app, provider).get("/clients").text


def test_list_says_when_a_client_comes_and_came_to_the_care_team_only(
    app: Flask, provider: Account, client: Client
) -> None:
    make_appointment(provider, client, starts_at=utcnow() + timedelta(days=1))
    make_appointment(provider, client, starts_at=utcnow() - timedelta(days=1))
    page = sign_in(app, provider).get("/clients?show=all").text
    assert "Tomorrow, " in page
    colleague = sign_in(app, make_account(Role.PROVIDER)).get("/clients?show=all").text
    assert "Maren Halvorsen" in colleague
    assert "Tomorrow, " not in colleague


def test_client_s_home_greets_by_the_preferred_name_and_tells_how_to_reach_the_clinic(
    app: Flask, account: Account, client: Client
) -> None:
    with housekeeping("for this test"):
        Client.update(preferred_name="Mare").execute()
    page = sign_in(app, account).get("/").text
    assert "Hello, Mare" in page
    assert "No visit is planned" in page
    assert "Dr. Amara Okafor" in page


def test_client_s_home_counts_the_minutes_to_the_next_visit(
    app: Flask, provider: Account, account: Account, client: Client
) -> None:
    make_appointment(provider, client, starts_at=utcnow() + timedelta(minutes=8, seconds=30))
    make_appointment(provider, client, starts_at=utcnow() + timedelta(days=1))
    page = sign_in(app, account).get("/").text
    assert "starts in 8 minutes" in page
    assert page.count("> Join</button>") == 1


def test_admin_s_home_lists_colleagues_and_no_client(app: Flask, provider: Account, client: Client) -> None:
    both = make_account(Role.PROVIDER, Role.ADMIN, name="Tomás Rivera")
    make_appointment(both, make_client(both, "Rosa Delgado"))
    page = sign_in(app, both, Role.ADMIN).get("/").text
    assert "Dr. Amara Okafor" in page
    assert "Tomás Rivera" in page
    assert "Rosa Delgado" not in page
    assert "Maren Halvorsen" not in page


@pytest.mark.parametrize(
    ("role", "tabs"),
    [
        (Role.PROVIDER, ("Today", "Clients", "Appointments")),
        (Role.ADMIN, ("Home", "Practice", "Colleagues", "Clients", "Appointments", "Audit")),
        (Role.CLIENT, ("Home", "Appointments")),
    ],
)
def test_every_tab_of_the_bar_opens(app: Flask, role: Role, tabs: tuple[str, ...]) -> None:
    at_person = sign_in(app, make_account(role))
    page = at_person.get("/").text
    bar = page[page.index('class="wh-bar__tabs"') : page.index('class="wh-bar__end"')]
    links = [part for part in bar.split('"') if part.startswith("/")]
    assert len(links) == len(tabs)
    assert all(f">{tab}</a>" in bar for tab in tabs)
    assert all(at_person.get(link).status_code == 200 for link in links)


def test_menu_switches_to_the_other_role_and_signs_out(app: Flask) -> None:
    at_both = sign_in(app, make_account(Role.PROVIDER, Role.ADMIN))
    assert "Switch to Admin role" in at_both.get("/").text
    assert at_both.send("/account/role/admin").status_code == 302
    assert "Switch to Provider role" in at_both.get("/").text
    at_both.send("/sign-out")
    assert at_both.get("/").location == "/sign-in"


def test_looking_at_the_home_is_in_the_record(app: Flask, account: Account, client: Client) -> None:
    sign_in(app, account).get("/")
    assert AuditEvent.get(AuditEvent.action == Action.HOME_VIEWED).account == account.id


def test_visit_that_was_ended_early_is_no_longer_the_next_one(app: Flask, provider: Account, client: Client) -> None:
    make_appointment(provider, client, status=Status.DONE)
    assert "None booked" in sign_in(app, provider).get("/clients").text
    make_appointment(provider, client, starts_at=utcnow() + timedelta(days=1))
    assert "Tomorrow" in sign_in(app, provider).get("/clients").text
