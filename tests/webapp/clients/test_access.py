"""Who sees what of a client, and that absent and not yours look alike."""

from __future__ import annotations

from flask import Flask

from tests.webapp.clients.records import NOBODY, SEALED_WORDS, make_client, same_for_everybody
from tests.webapp.people import browser, make_account, sign_in
from webapp.access.actor import Role
from webapp.audit.events import Action, Outcome
from webapp.audit.models import AuditEvent
from webapp.db.database import db

PAGES = ("", "/edit", "/appointments", "/appointments/new")
ACTS = ("/edit", "/archive", "/restore", "/care-team", "/care-team/remove", "/invite", "/appointments/new")


def _events(action: Action) -> int:
    return AuditEvent.select().where(AuditEvent.action == action).count()


def test_care_team_reads_everything(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    page = sign_in(app, provider).get(f"/clients/{client.id}").text
    assert all(word in page for word in ("Maren Halvorsen", "802-555-0147", *SEALED_WORDS))


def test_colleague_reads_name_and_contact_only(app: Flask) -> None:
    client = make_client(make_account(Role.PROVIDER))
    at_colleague = sign_in(app, make_account(Role.PROVIDER))
    page = at_colleague.get(f"/clients/{client.id}").text
    assert "Maren Halvorsen" in page
    assert "802-555-0147" in page
    assert not any(word in page for word in SEALED_WORDS)
    assert "Archive" not in page
    assert "New appointment" not in page


def test_client_reads_the_own_record(app: Flask) -> None:
    account = make_account(Role.CLIENT)
    client = make_client(make_account(Role.PROVIDER), account=account)
    page = sign_in(app, account).get(f"/clients/{client.id}").text
    assert all(word in page for word in SEALED_WORDS)


def test_others_cannot_tell_a_client_from_nobody(app: Flask) -> None:
    client = make_client(make_account(Role.PROVIDER), account=make_account(Role.CLIENT))
    at_other = sign_in(app, make_account(Role.CLIENT))
    for page in PAGES:
        found, absent = (at_other.get(f"/clients/{each}{page}") for each in (client.id, NOBODY))
        assert found.status_code == absent.status_code == 404
        assert same_for_everybody(found) == same_for_everybody(absent)
    for act in ACTS:
        found, absent = (at_other.send(f"/clients/{each}{act}") for each in (client.id, NOBODY))
        assert found.status_code == absent.status_code == 404
        assert same_for_everybody(found) == same_for_everybody(absent)


def test_colleague_of_another_care_team_changes_nothing_and_books_nothing(app: Flask) -> None:
    client = make_client(make_account(Role.PROVIDER))
    at_colleague = sign_in(app, make_account(Role.PROVIDER))
    for page in PAGES[1:]:
        assert at_colleague.get(f"/clients/{client.id}{page}").status_code == 404
    for act in ACTS:
        assert at_colleague.send(f"/clients/{client.id}{act}").status_code == 404


def test_provider_in_the_admin_role_sees_how_to_reach_them_and_no_more(app: Flask) -> None:
    both = make_account(Role.PROVIDER, Role.ADMIN)
    client = make_client(both)
    as_admin = sign_in(app, both, Role.ADMIN)
    assert client.name in as_admin.get("/clients").text
    page = as_admin.get(f"/clients/{client.id}").text
    assert client.phone in page
    assert not any(word in page for word in SEALED_WORDS)
    assert "Open in an emergency" not in page
    assert as_admin.get(f"/clients/{client.id}/appointments").status_code == 404
    assert as_admin.send(f"/clients/{client.id}/invite").status_code == 404


def test_stranger_is_asked_to_sign_in_and_comes_back(app: Flask) -> None:
    client = make_client(make_account(Role.PROVIDER))
    answer = browser(app).get(f"/clients/{client.id}")
    assert answer.status_code == 302
    assert answer.location == f"/sign-in?next=/clients/{client.id}"


def test_every_opening_and_every_refusal_is_in_the_record(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider)
    sign_in(app, provider).get(f"/clients/{client.id}")
    viewed = AuditEvent.get(AuditEvent.action == Action.CLIENT_VIEWED)
    assert (viewed.account, viewed.client) == (provider.id, client.id)
    sign_in(app, make_account(Role.CLIENT)).get(f"/clients/{client.id}")
    refused = AuditEvent.get(AuditEvent.action == Action.ACCESS_DENIED)
    assert refused.outcome is Outcome.REFUSED
    assert _events(Action.CLIENT_VIEWED) == 1


def test_what_the_care_team_knows_lies_sealed_in_the_database(app: Flask) -> None:
    make_client(make_account(Role.PROVIDER))
    row = db.execute_sql("SELECT birth_date, address, emergency_name, emergency_phone FROM client_details").fetchone()
    kept = b"".join(bytes(value) for value in row)
    assert not any(word.encode() in kept for word in SEALED_WORDS)
