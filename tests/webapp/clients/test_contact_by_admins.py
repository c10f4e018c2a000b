"""What admins do about clients: how to reach them, who cares for them, and nothing clinical."""

from __future__ import annotations

from flask import Flask

from tests.webapp.clients.records import DETAILS, make_client
from tests.webapp.people import Browser, actor, make_account, sign_in
from webapp.access.actor import Role
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients.models import CareTeam, Client, ClientDetails
from webapp.clients.policy import read_client
from webapp.clients.queries import client_details

FIELDS = {"name": "Rosa Delgado", "email": "rosa@example.org", "phone": "802-555-0161", "language": "es"}
CONTACT = {**FIELDS, "time_zone": "America/New_York"}
SMUGGLED = {"birth_date": "1999-09-09", "address": "Nowhere 1", "emergency_name": "X", "emergency_phone": "1"}


def at_admin(app: Flask) -> Browser:
    return sign_in(app, make_account(Role.ADMIN))


def test_admin_adds_a_client_for_a_provider_who_then_cares_for_them(app: Flask) -> None:
    provider, admin = make_account(Role.PROVIDER), at_admin(app)
    assert "Birth date" not in admin.get("/clients/new").text
    assert admin.send("/clients/new", {**CONTACT, **SMUGGLED, "provider": str(provider.id)}).status_code == 302
    client = Client.get()
    assert (client.name, client.email) == ("Rosa Delgado", "rosa@example.org")
    assert CareTeam.get().provider_id == provider.id
    details = client_details(read_client(actor(provider), client.id))
    assert (details.birth_date, details.address, details.emergency_name) == (None, "", "")


def test_client_is_not_added_for_somebody_who_is_no_provider(app: Flask) -> None:
    admin = at_admin(app)
    for nobody in (str(make_account(Role.CLIENT).id), str(make_account(Role.ADMIN).id), "x", ""):
        assert admin.send("/clients/new", {**CONTACT, "provider": nobody}).status_code == 200
    assert not Client.select().exists()


def test_admin_changes_the_contact_and_the_details_stay_as_they_are(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    admin = at_admin(app)
    page = admin.get(f"/clients/{client.id}/edit").text
    assert client.phone in page
    assert "Heron Way" not in page
    assert admin.send(f"/clients/{client.id}/edit", {**CONTACT, **SMUGGLED}).status_code == 302
    assert Client.get().phone == "802-555-0161"
    assert client_details(read_client(actor(provider), client.id)) == DETAILS
    assert ClientDetails.select().count() == 1
    saved = AuditEvent.get(AuditEvent.action == Action.CLIENT_SAVED)
    assert (saved.client, saved.role) == (client.id, "admin")


def test_admin_deactivates_a_client_who_goes_on_reading_the_own_record(app: Flask) -> None:
    account = make_account(Role.CLIENT)
    client = make_client(make_account(Role.PROVIDER), account=account)
    admin, at_client = at_admin(app), sign_in(app, account)
    assert admin.send(f"/clients/{client.id}/archive").status_code == 302
    page = at_client.get(f"/clients/{client.id}").text
    assert "Heron Way" in page
    assert "Edit Info" not in page
    refused = at_client.send(f"/clients/{client.id}/edit", CONTACT)
    assert refused.status_code == 409
    assert "can only be read" in refused.text
    assert Client.get().phone == client.phone
    assert admin.send(f"/clients/{client.id}/restore").status_code == 302
    assert at_client.send(f"/clients/{client.id}/edit", CONTACT).status_code == 302
