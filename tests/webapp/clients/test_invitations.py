"""From the invitation over the password to the lobby, once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.ids import new_token
from core.settings import Mail as MailSettings
from core.settings import Settings
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.at_once import at_once
from tests.webapp.clients.records import make_client, same_for_everybody
from tests.webapp.people import Browser, actor, browser, make_account, sign_in
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.models import Account
from webapp.account.signing_in import Caller
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients import invitations
from webapp.clients.actions import archive_client
from webapp.clients.models import Client, Invitation
from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail

PASSWORD = "quiet heron under maple"


def _settings(app: Flask) -> Settings:
    settings: Settings = app.extensions["wellhouse.settings"]
    return settings


def _link(page: str) -> str:
    found = re.search(r"https://localhost(/invitation/[\w-]+)", page)
    assert found
    return found[1]


def _invited(app: Flask, *, at: datetime | None = None) -> tuple[Client, str]:
    """A client with an address, and the path of the invitation."""
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="maren@example.org")
    with app.app_context():
        link = invitations.invite(actor(provider), client.id, _settings(app), at=at or utcnow())
    return client, _link(link)


def test_invitation_to_a_visit_leads_over_the_password_to_its_lobby(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="maren@example.org")
    appointment = make_appointment(provider, client)
    at_provider = sign_in(app, provider)
    link = _link(at_provider.send(f"/appointments/{appointment.id}/invite/{client.id}").text)

    at_client = browser(app)
    page = at_client.get(link).text
    assert "This invitation is for Maren Halvorsen." in page
    assert "Your care team sees your record and your visits." in page
    answer = at_client.send(link, {"password": PASSWORD})
    assert answer.status_code == 302
    assert answer.location == f"/appointments/{appointment.id}/visit"
    lobby = at_client.get(answer.location)
    assert lobby.status_code == 200
    assert "Enter waiting room" in lobby.text


def test_invitation_without_a_visit_leads_home(app: Flask) -> None:
    _client, link = _invited(app)
    at_client = browser(app)
    answer = at_client.send(link, {"password": PASSWORD})
    assert answer.location == "/"
    assert "Hello, Maren Halvorsen" in at_client.get("/").text


def test_password_of_the_invitation_signs_in_later(app: Flask) -> None:
    _client, link = _invited(app)
    browser(app).send(link, {"password": PASSWORD})
    later = browser(app)
    answer = later.send("/sign-in", {"email": "maren@example.org", "password": PASSWORD})
    assert answer.status_code == 302
    assert "Hello, Maren Halvorsen" in later.get("/").text


def test_weak_password_is_explained_and_the_link_still_works(app: Flask) -> None:
    _client, link = _invited(app)
    at_client = browser(app)
    answer = at_client.send(link, {"password": "short"})
    assert answer.status_code == 200
    assert "Please take at least 12 characters." in answer.text
    assert "Please choose a password." in at_client.send(link, {"password": ""}).text
    assert at_client.send(link, {"password": PASSWORD}).status_code == 302


def test_used_expired_unknown_and_archived_links_look_alike(app: Flask) -> None:
    _used, used = _invited(app)
    browser(app).send(used, {"password": PASSWORD})
    provider = make_account(Role.PROVIDER)
    with app.app_context():
        old_one = make_client(provider, "Rosa Delgado", email="rosa@example.org")
        long_ago = utcnow() - timedelta(days=7)
        expired = _link(invitations.invite(actor(provider), old_one.id, _settings(app), at=long_ago))
        gone = make_client(provider, "Otis Palmer", email="otis@example.org")
        archived = _link(invitations.invite(actor(provider), gone.id, _settings(app), at=utcnow()))
        archive_client(actor(provider), gone.id, at=utcnow())
    unknown, too_long = f"/invitation/{new_token()}", f"/invitation/{'x' * 3000}"
    links = (used, expired, archived, unknown, too_long)
    answers = [browser(app).get(link) for link in links] + [browser(app).send(link) for link in links]
    assert {answer.status_code for answer in answers} == {404}
    assert len({same_for_everybody(answer) for answer in answers}) == 1
    assert "ask the clinic for a new invitation" in answers[0].text


def test_link_works_until_its_last_moment(app: Flask) -> None:
    client, link = _invited(app)
    token = link.rpartition("/")[2]
    expires_at = Invitation.get(Invitation.client == client).expires_at
    assert invitations.open_link(token, at=expires_at - timedelta(microseconds=1)) is not None
    assert invitations.open_link(token, at=expires_at) is None


def test_token_itself_is_kept_nowhere(app: Flask) -> None:
    _client, link = _invited(app)
    token = link.rpartition("/")[2]
    assert token not in Invitation.get().token_hash
    assert not any(token in str(row.about) for row in AuditEvent.select())


def test_twenty_who_use_one_link_at_once_make_one_account(app: Flask) -> None:
    client, link = _invited(app)
    opened = invitations.open_link(link.rpartition("/")[2], at=utcnow())
    assert opened

    def accept(_number: int) -> None:
        with app.app_context():
            invitations.accept(opened, PASSWORD, _settings(app), Caller("127.0.0.1"), at=utcnow())

    assert at_once(20, accept) == {"done": 1, "Conflict": 19}
    assert Account.select().where(Account.email == "maren@example.org").count() == 1
    assert Session.select().count() == 1
    assert Client.get_by_id(client.id).account_id == Account.get(Account.email == "maren@example.org").id


def test_earlier_link_dies_when_another_is_sent(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="maren@example.org")
    with app.app_context():
        first, second = (
            _link(invitations.invite(actor(provider), client.id, _settings(app), at=utcnow())) for _ in range(2)
        )
    assert browser(app).get(first).status_code == 404
    assert browser(app).send(first, {"password": PASSWORD}).status_code == 404
    assert browser(app).send(second, {"password": PASSWORD}).status_code == 302


def test_link_that_went_to_a_wrong_address_dies_when_it_is_put_right(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="stranger@example.org")
    with app.app_context():
        link = _link(invitations.invite(actor(provider), client.id, _settings(app), at=utcnow()))
    at_provider = sign_in(app, provider)
    fields = {"name": client.name, "language": "en", "time_zone": "UTC", "email": "stranger@example.org"}
    at_provider.send(f"/clients/{client.id}/edit", {**fields, "phone": "802-555-0101"})
    assert browser(app).get(link).status_code == 200
    at_provider.send(f"/clients/{client.id}/edit", {**fields, "email": "maren@example.org"})
    assert browser(app).get(link).status_code == 404
    assert browser(app).send(link, {"password": PASSWORD}).status_code == 404
    assert not Account.select().where(Account.email == "maren@example.org").exists()


def test_link_is_mailed_where_there_is_a_relay_and_shown_where_there_is_none(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="maren@example.org")
    at_provider = sign_in(app, provider)
    shown = at_provider.send(f"/clients/{client.id}/invite")
    assert "Copy link" in shown.text
    assert not Mail.select().exists()

    app.extensions["wellhouse.settings"] = replace(_settings(app), mail=MailSettings(host="mail.example.org"))
    answer = at_provider.send(f"/clients/{client.id}/invite")
    assert answer.status_code == 302
    mail = Mail.get()
    assert mail.to == "maren@example.org"
    assert "/invitation/" in mail.values
    assert "Maren" not in mail.values
    assert "on its way to maren@example.org" in at_provider.get(answer.location).text


@pytest.mark.parametrize("email", ["", "taken@example.org"])
def test_client_without_an_own_address_is_not_invited_and_the_page_says_why(app: Flask, email: str) -> None:
    make_account(Role.PROVIDER, email="taken@example.org")
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email=email)
    answer = sign_in(app, provider).send(f"/clients/{client.id}/invite")
    assert answer.status_code == 409
    assert ("Give this client an address of their own" if email else "Add an e-mail address") in answer.text
    assert not Invitation.select().exists()


def test_client_who_can_sign_in_is_not_invited_again(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, account=make_account(Role.CLIENT), email="maren@example.org")
    answer = sign_in(app, provider).send(f"/clients/{client.id}/invite")
    assert answer.status_code == 409
    assert "has accepted an invitation already" in answer.text


def test_address_that_was_taken_meanwhile_leaves_the_link_unused(app: Flask) -> None:
    _client, link = _invited(app)
    make_account(Role.CLIENT, email="maren@example.org")
    answer = browser(app).send(link, {"password": PASSWORD})
    assert answer.status_code == 409
    assert Invitation.get().used_at is None


def test_whoever_was_signed_in_on_that_device_no_longer_is(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    at_desk: Browser = sign_in(app, provider)
    _client, link = _invited(app)
    at_desk.send(link, {"password": PASSWORD})
    assert "Hello, Maren Halvorsen" in at_desk.get("/").text
    assert Session.get(Session.account == provider.id).ended_at is not None


def test_opening_and_accepting_are_in_the_record(app: Flask) -> None:
    client, link = _invited(app)
    at_client = browser(app)
    at_client.get(link)
    at_client.send(link, {"password": PASSWORD})
    for action in (Action.CLIENT_INVITED, Action.INVITATION_OPENED, Action.INVITATION_ACCEPTED):
        assert AuditEvent.get(AuditEvent.action == action).client == client.id
    assert AuditEvent.select().where(AuditEvent.action == Action.SIGNED_IN).count() == 1


def test_expired_invitation_can_be_made_again(app: Flask) -> None:
    provider = make_account(Role.PROVIDER)
    client = make_client(provider, email="maren@example.org")
    at_provider = sign_in(app, provider)
    at_provider.send(f"/clients/{client.id}/invite")
    assert "Invite again" in at_provider.get(f"/clients/{client.id}").text
    with housekeeping("seven days went by"):
        Invitation.update(expires_at=utcnow()).execute()
    page = at_provider.get(f"/clients/{client.id}").text
    assert "Has not been invited yet" in page
    assert "Invite again" not in page
