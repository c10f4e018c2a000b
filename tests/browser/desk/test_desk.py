"""Lists that follow the typing, homes that follow the waiting room, and the way from an invitation to the lobby."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from core.clock import utcnow
from tests.browser.desk.conftest import Arrive
from tests.webapp import people
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import make_client
from webapp.access.actor import Role
from webapp.appointments.models import Appointment
from webapp.appointments.visit import actions as visits
from webapp.appointments.visit import policy as doors
from webapp.appointments.window import CLIENT_EARLY

JOIN = re.compile("^Join$")


def _wait_at_the_door(appointment: Appointment) -> None:
    guest = people.actor(appointment.appointmentclient_set.get().client.account)
    visits.enter_waiting_room(guest, doors.come_to(guest, appointment.id), place="Barre", phone="1", at=utcnow())


def test_list_follows_the_typing_and_says_how_many_were_found(arrive: Arrive) -> None:
    provider = arrive()
    for name in ("Nguyễn Thị Hương", "Maren Halvorsen"):
        make_client(provider.account, name)
    provider.knock()
    provider.at("/")
    provider.go("/clients")
    provider.page.get_by_role("searchbox").press_sequentially("huong")
    expect(provider.page.locator("#say")).to_have_text("1 client")
    expect(provider.page.get_by_role("link", name="Nguyễn Thị Hương")).to_be_visible()
    expect(provider.page.get_by_role("link", name="Maren Halvorsen")).to_have_count(0)
    assert provider.page.url.endswith("?q=huong")
    expect(provider.page.get_by_role("searchbox")).to_be_focused()


def test_provider_at_home_hears_of_somebody_who_comes_and_lets_them_in(arrive: Arrive) -> None:
    provider = arrive()
    client = make_client(provider.account, account=people.make_account(Role.CLIENT, name="Maren Halvorsen"))
    appointment = make_appointment(provider.account, client)
    provider.knock()
    provider.at("/")
    expect(provider.page.get_by_role("button", name="Admit")).to_have_count(0)
    _wait_at_the_door(appointment)
    expect(provider.page.locator("#say-now")).to_have_text("Maren Halvorsen is waiting")
    provider.press("Admit")
    provider.at(f"/appointments/{appointment.id}/visit")


def test_banner_appears_on_a_page_that_is_open_already(arrive: Arrive) -> None:
    provider = arrive()
    client = make_client(provider.account, account=people.make_account(Role.CLIENT, name="Maren Halvorsen"))
    appointment = make_appointment(provider.account, client)
    provider.knock()
    provider.at("/")
    provider.go("/clients")
    _wait_at_the_door(appointment)
    expect(provider.page.get_by_role("region", name="Waiting room")).to_contain_text("Maren Halvorsen is waiting")


def test_client_at_home_can_join_as_soon_as_the_door_opens(arrive: Arrive) -> None:
    provider = people.make_account(Role.PROVIDER)
    client = arrive(None, Role.CLIENT)
    opens_in = timedelta(seconds=5)
    record = make_client(provider, account=client.account)
    make_appointment(provider, record, starts_at=utcnow() + CLIENT_EARLY + opens_in)
    client.knock()
    client.at("/")
    expect(client.page.get_by_text("You can join from")).to_be_visible()
    expect(client.page.get_by_role("button", name=JOIN)).to_be_visible(timeout=15_000)


def test_client_at_home_sees_a_visit_that_is_booked_meanwhile(arrive: Arrive) -> None:
    provider = arrive()
    client = arrive(None, Role.CLIENT)
    record = make_client(provider.account, account=client.account)
    client.knock()
    client.at("/")
    client.says("No visit is planned")
    provider.knock()
    provider.at("/")
    provider.go(f"/clients/{record.id}/appointments/new")
    provider.press("Book appointment")
    provider.says("The appointment is booked.")
    expect(client.page.get_by_role("heading", name="Your next visit")).to_be_visible()


def test_invited_person_with_a_phone_is_three_presses_from_the_waiting_room(arrive: Arrive) -> None:
    provider = arrive()
    record = make_client(provider.account, "Rosa Delgado", email=f"rosa{provider.account.id.hex[:8]}@example.org")
    appointment = make_appointment(provider.account, record)
    provider.knock()
    provider.at("/")
    provider.go(f"/appointments/{appointment.id}")
    provider.press("Invite to this visit")
    link = provider.page.locator("#link").inner_text()

    client = arrive(people.make_account(Role.CLIENT))  # a browser in which nobody is signed in
    client.page.set_viewport_size({"width": 390, "height": 844})
    client.page.goto(link)
    client.bound()
    client.says("This invitation is for Rosa Delgado.")
    client.write("Password", "violin under the kettle")
    client.press("Go to my visit")
    client.at(f"/appointments/{appointment.id}/visit")
    expect(client.page.get_by_role("button", name="Enter waiting room")).to_be_visible()
