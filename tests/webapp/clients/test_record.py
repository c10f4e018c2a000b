"""Writing clients down and keeping their records right."""

from __future__ import annotations

from typing import Any

from flask import Flask

from tests.webapp.at_once import at_once
from tests.webapp.clients.records import DETAILS, make_client
from tests.webapp.people import actor, make_account, sign_in
from webapp.access.actor import Role
from webapp.clients.actions import add_to_care_team, leave_care_team
from webapp.clients.models import CareTeam, Client, ClientDetails
from webapp.clients.policy import read_client
from webapp.clients.queries import client_details

FIELDS: dict[str, Any] = {
    "name": "Nguyễn Thị Hương",
    "family_name": "Nguyễn",
    "pronouns": "she/her",
    "email": "Huong@Example.org",
    "phone": "802-555-0152",
    "language": "vi",
    "time_zone": "America/New_York",
    "birth_date": "1990-02-28",
    "address": "1 Elm St\nBarre, VT",
}


def test_added_client_is_on_the_list_with_its_adder_on_the_care_team(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    at_provider = sign_in(app, provider)
    answer = at_provider.send("/clients/new", FIELDS)
    assert answer.status_code == 302
    client = Client.get()
    assert answer.location == f"/clients/{client.id}"
    assert (client.name, client.email, client.language) == ("Nguyễn Thị Hương", "huong@example.org", "vi")
    assert CareTeam.get().provider_id == provider.id
    assert "Nguyễn Thị Hương" in at_provider.get("/clients").text


def test_refused_form_keeps_what_was_written(app: Flask) -> None:
    at_provider = sign_in(app, make_account(Role.PROVIDER))
    page = at_provider.send("/clients/new", {**FIELDS, "name": " ", "email": "huong at example"}).text
    assert "Please write a name." in page
    assert "huong at example" in page
    assert "1 Elm St" in page
    assert not Client.select().exists()


def test_birth_date_in_the_future_is_refused(app: Flask) -> None:
    at_provider = sign_in(app, make_account(Role.PROVIDER))
    assert "This day is still to come." in at_provider.send("/clients/new", {**FIELDS, "birth_date": "2199-01-01"}).text


def test_care_team_edits_the_whole_record(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    at_provider = sign_in(app, provider)
    assert "Heron Way" in at_provider.get(f"/clients/{client.id}/edit").text
    assert at_provider.send(f"/clients/{client.id}/edit", FIELDS).status_code == 302
    assert Client.get().search == "nguyen thi huong huong@example.org 8025550152"
    details = client_details(read_client(actor(provider), client.id))
    assert (str(details.birth_date), details.address) == ("1990-02-28", "1 Elm St\nBarre, VT")


def test_client_changes_the_own_contact_but_neither_name_nor_birth_date(app: Flask) -> None:
    account = make_account(Role.CLIENT)
    client = make_client(make_account(Role.PROVIDER), account=account)
    answer = sign_in(app, account).send(f"/clients/{client.id}/edit", {**FIELDS, "preferred_name": "Mare"})
    assert answer.status_code == 302
    row = Client.get()
    assert (row.name, row.preferred_name, row.phone) == ("Maren Halvorsen", "Mare", "802-555-0152")
    assert client_details(read_client(actor(account), client.id)).birth_date == DETAILS.birth_date


def test_posted_columns_that_are_no_fields_change_nothing(app: Flask) -> None:
    provider, stranger = make_account(Role.PROVIDER), make_account(Role.CLIENT)
    client = make_client(provider)
    smuggled = {"account": str(stranger.id), "account_id": str(stranger.id), "archived_at": "1", "id": str(stranger.id)}
    sign_in(app, provider).send(f"/clients/{client.id}/edit", {**FIELDS, **smuggled})
    row = Client.get()
    assert (row.id, row.account_id, row.archived_at) == (client.id, None, None)


def test_archived_client_leaves_the_lists_and_comes_back_whole(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    at_provider = sign_in(app, provider)
    at_provider.send(f"/clients/{client.id}/archive")
    at_provider.get("/clients")  # takes the toast, which names the client
    assert "Maren Halvorsen" not in at_provider.get("/clients").text
    assert "Maren Halvorsen" in at_provider.get("/clients?show=archived").text
    at_provider.send(f"/clients/{client.id}/restore")
    assert "Maren Halvorsen" in at_provider.get("/clients").text
    assert ClientDetails.select().count() == 1


def test_colleague_joins_the_care_team_and_leaves_it(app: Flask) -> None:
    provider, colleague = make_account(Role.PROVIDER), make_account(Role.PROVIDER)
    client = make_client(provider)
    at_provider = sign_in(app, provider)
    at_provider.send(f"/clients/{client.id}/care-team", {"provider": str(colleague.id)})
    assert "Heron Way" in sign_in(app, colleague).get(f"/clients/{client.id}").text
    at_provider.send(f"/clients/{client.id}/care-team/remove", {"provider": str(colleague.id)})
    assert "Heron Way" not in sign_in(app, colleague).get(f"/clients/{client.id}").text


def test_only_providers_of_the_practice_can_join_a_care_team(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    at_provider = sign_in(app, provider)
    for nobody in (str(make_account(Role.CLIENT).id), str(make_account(Role.ADMIN).id), "x", ""):
        answer = at_provider.send(f"/clients/{client.id}/care-team", {"provider": nobody})
        assert answer.status_code == 400
        assert "Choose a colleague from the list." in answer.text
    assert CareTeam.select().count() == 1


def test_last_of_the_care_team_cannot_leave(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    answer = sign_in(app, provider).send(f"/clients/{client.id}/care-team/remove", {"provider": str(provider.id)})
    assert answer.status_code == 409
    assert "Somebody has to care for this client." in answer.text
    assert CareTeam.select().count() == 1


def test_care_team_that_leaves_all_at_once_leaves_one(app: Flask) -> None:
    providers = [make_account(Role.PROVIDER) for _ in range(8)]
    client = make_client(providers[0])
    for provider in providers[1:]:
        add_to_care_team(actor(providers[0]), client.id, provider.id, at=client.created_at)
    outcomes = at_once(8, lambda n: _leave(app, providers[n], client))
    assert outcomes == {"done": 7, "Conflict": 1}
    assert CareTeam.select().count() == 1


def _leave(app: Flask, provider: Any, client: Client) -> None:
    with app.app_context():
        leave_care_team(actor(provider), client.id, provider.id)
