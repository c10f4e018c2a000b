"""The pages of appointments: who sees them, when one can join, and cancelling."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import NOBODY, make_client, same_for_everybody
from tests.webapp.people import Browser, browser, make_account, sign_in
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.appointments import queries
from webapp.appointments.models import Appointment, Status
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.outbox.models import Notice

JOIN = "> Join</button>"
HOUR = timedelta(hours=1)


class People:
    """A provider and a client with accounts, and their browsers."""

    def __init__(self, app: Flask) -> None:
        self.provider = make_account(Role.PROVIDER, name="Dr. Amara Okafor")
        self.account = make_account(Role.CLIENT, name="Maren Halvorsen")
        self.client = make_client(self.provider, account=self.account)
        self.at_provider: Browser = sign_in(app, self.provider)
        self.at_client: Browser = sign_in(app, self.account)

    def book(self, **wish: object) -> Appointment:
        return make_appointment(self.provider, self.client, **wish)  # type: ignore[arg-type]


@pytest.fixture
def people(app: Flask) -> People:
    return People(app)


def test_appointment_that_is_on_has_the_button_join_for_both(people: People) -> None:
    appointment = people.book()
    for at_person in (people.at_provider, people.at_client):
        for page in (f"/appointments/{appointment.id}", "/appointments", "/"):
            assert JOIN in at_person.get(page).text
    assert f'action="/appointments/{appointment.id}/visit"' in people.at_client.get("/").text


def test_client_who_is_early_reads_from_when_to_join(people: People) -> None:
    appointment = people.book(starts_at=utcnow() + 3 * HOUR)
    for page in (f"/appointments/{appointment.id}", "/appointments", "/"):
        text = people.at_client.get(page).text
        assert "You can join from" in text
        assert JOIN not in text


def test_over_appointment_is_among_the_past_and_cannot_be_joined(people: People) -> None:
    appointment = people.book(starts_at=utcnow() - 5 * HOUR)
    assert JOIN not in people.at_provider.get(f"/appointments/{appointment.id}").text
    assert str(appointment.id) not in people.at_provider.get("/appointments").text
    assert str(appointment.id) in people.at_provider.get("/appointments?show=past").text


def test_others_cannot_tell_an_appointment_from_none(app: Flask, people: People) -> None:
    appointment = people.book()
    others = [
        sign_in(app, make_account(Role.PROVIDER)),
        sign_in(app, make_account(Role.CLIENT)),
    ]
    for other in others:
        for tail in ("", "/history"):
            found, absent = (other.get(f"/appointments/{each}{tail}") for each in (appointment.id, NOBODY))
            assert found.status_code == absent.status_code == 404
            assert same_for_everybody(found) == same_for_everybody(absent)
        for tail in ("/cancel", f"/invite/{people.client.id}"):
            found, absent = (other.send(f"/appointments/{each}{tail}") for each in (appointment.id, NOBODY))
            assert found.status_code == absent.status_code == 404
            assert same_for_everybody(found) == same_for_everybody(absent)
    assert Appointment.get().status is Status.SCHEDULED


def test_client_cannot_invite_and_a_provider_invites_only_those_in_it(app: Flask, people: People) -> None:
    appointment = people.book()
    outsider = make_client(people.provider, "Rosa Delgado", email="rosa@example.org")
    assert people.at_client.send(f"/appointments/{appointment.id}/invite/{people.client.id}").status_code == 404
    assert people.at_provider.send(f"/appointments/{appointment.id}/invite/{outsider.id}").status_code == 404


@pytest.mark.parametrize("who", ["at_provider", "at_client"])
def test_either_side_cancels_and_the_other_hears_of_it(people: People, who: str) -> None:
    appointment = people.book(starts_at=utcnow() + HOUR)
    getattr(people, who).send(f"/appointments/{appointment.id}/cancel")
    assert Appointment.get().status is Status.CANCELLED
    assert {notice.account for notice in Notice.select()} == {people.provider.id, people.account.id}
    for at_person in (people.at_provider, people.at_client):
        text = at_person.get(f"/appointments/{appointment.id}").text
        assert "This appointment was cancelled." in text
        assert JOIN not in text
    cancelled = AuditEvent.get(AuditEvent.action == Action.APPOINTMENT_CANCELLED)
    assert cancelled.client == people.client.id


@pytest.mark.parametrize("begun", [True, False])
def test_begun_or_cancelled_appointment_is_not_cancelled_again(people: People, begun: bool) -> None:
    later = {"starts_at": utcnow() + HOUR, "status": Status.CANCELLED}
    appointment = people.book(**({} if begun else later))
    answer = people.at_client.send(f"/appointments/{appointment.id}/cancel")
    assert answer.status_code == 409
    assert "nothing was changed" in answer.text
    assert not AuditEvent.select().where(AuditEvent.action == Action.APPOINTMENT_CANCELLED).exists()


def test_provider_in_the_admin_role_cannot_join(app: Flask) -> None:
    both = make_account(Role.PROVIDER, Role.ADMIN)
    appointment = make_appointment(both, make_client(both))
    as_admin = sign_in(app, both, Role.ADMIN)
    assert JOIN not in as_admin.get(f"/appointments/{appointment.id}").text
    assert JOIN not in as_admin.get("/schedule").text
    for tail in ("/visit", "/visit/state", "/visit/chat", "/history"):
        assert as_admin.get(f"/appointments/{appointment.id}{tail}").status_code == 404
    assert as_admin.send_json(f"/appointments/{appointment.id}/visit/entry").status_code == 404
    assert JOIN in sign_in(app, both, Role.PROVIDER).get(f"/appointments/{appointment.id}").text


def test_today_ends_at_the_provider_s_own_midnight(app: Flask) -> None:
    far = make_account(Role.PROVIDER, time_zone="Pacific/Kiritimati")  # UTC+14
    client = make_client(far)
    day_after = make_appointment(far, client, starts_at=utcnow() + timedelta(hours=24))
    page = sign_in(app, far).get("/").text
    today, _, coming = page.partition("Coming days")
    assert str(day_after.id) not in today
    assert str(day_after.id) in coming


def test_new_appointment_begins_with_the_choice_of_a_client(people: People) -> None:
    other: Account = make_account(Role.PROVIDER)
    make_client(other, "Rosa Delgado")
    page = people.at_provider.get("/appointments/new").text
    assert f"/clients/{people.client.id}/appointments/new" in page
    assert "Rosa Delgado" not in page
    assert "No client found" in people.at_provider.get("/appointments/new?q=zzz").text


def test_client_without_an_account_is_invited_from_the_appointment(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="rosa@example.org")
    appointment = make_appointment(provider, client)
    page = sign_in(app, provider).get(f"/appointments/{appointment.id}").text
    assert "Invite to this visit" in page
    assert f"/appointments/{appointment.id}/invite/{client.id}" in page


def test_link_of_a_mail_leads_a_stranger_over_sign_in_to_the_appointment(app: Flask, people: People) -> None:
    appointment = people.book()
    answer = browser(app).get(f"/appointments/{appointment.id}")
    assert answer.location == f"/sign-in?next=/appointments/{appointment.id}"


def test_what_is_about_several_clients_is_in_the_record_of_each(app: Flask, people: People) -> None:
    rosa = make_client(people.provider, "Rosa Delgado")
    appointment = make_appointment(people.provider, people.client, rosa, starts_at=utcnow() + HOUR)
    people.at_provider.get(f"/appointments/{appointment.id}")
    people.at_client.get(f"/appointments/{appointment.id}")
    people.at_provider.send(f"/appointments/{appointment.id}/cancel")

    def told(action: Action) -> list[tuple[object, object]]:
        rows = AuditEvent.select().where(AuditEvent.action == action)
        return sorted((str(row.account), str(row.client)) for row in rows)

    both = sorted((str(people.provider.id), str(each.id)) for each in (people.client, rosa))
    assert told(Action.APPOINTMENT_CANCELLED) == both
    # A client who looks at it looks at their own part.
    assert told(Action.APPOINTMENT_VIEWED) == sorted([*both, (str(people.account.id), str(people.client.id))])


def test_other_pages_of_a_long_list_are_of_this_site_whatever_stands_in_the_address(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE_ROWS", 1)
    for day in (1, 2, 3):
        people.book(starts_at=utcnow() + timedelta(days=day))
    asked = people.at_provider.get(
        "/appointments?page=2&x=a%26b&_external=1&_scheme=javascript&endpoint=y&_method=POST"
    )
    assert asked.status_code == 200
    links = re.findall(r'href="([^"]*page=(?:1|3)[^"]*)"', html.unescape(asked.text))
    assert len(links) == 2
    assert all(link.startswith("/appointments?") and "x=a%26b" in link for link in links)
