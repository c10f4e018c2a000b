"""From a client's profile, an admin sends whoever cannot get in any more a link to choose a password."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, knock
from tests.webapp.account.mails import mailed, path_of, token_of, use_relay
from tests.webapp.account.mfa.enrolled import account_with_app, let_proofs_age
from tests.webapp.clients.records import make_client
from webapp.access.actor import Role
from webapp.account.mfa.models import AuthenticatorApp
from webapp.account.models import AccountLink
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.clients.models import Client
from webapp.outbox.models import MailTemplate

RESET = {"note": "Called from the number in the record.", "factors": "stay"}
NEW = "another-orange-violin-7"


def client_of(app: Flask, *roles: Role) -> Client:
    return make_client(people.make_account(Role.PROVIDER), account=account_with_password(*(roles or (Role.CLIENT,))))


def test_admin_sends_a_link_and_the_client_chooses_a_password(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    use_relay(app, monkeypatch)
    client = client_of(app)
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    assert f'href="/clients/{client.id}/reset"' in admin.get(f"/clients/{client.id}").text
    assert "Let Maren Halvorsen in again" in admin.get(f"/clients/{client.id}/reset").text
    assert admin.send(f"/clients/{client.id}/reset", RESET).location == f"/clients/{client.id}"
    [(to, values)] = mailed(MailTemplate.RESET_STARTED)
    assert to == EMAIL
    browser = people.browser(app)
    assert browser.get(path_of(values["link"])).status_code == 200
    browser.send("/choose-password", {"link": token_of(values["link"]), "password": NEW})
    assert knock(people.browser(app), password=NEW).status_code == 302
    assert knock(people.browser(app), password=PASSWORD).status_code == 403
    started = AuditEvent.get(AuditEvent.action == Action.RESET_STARTED)
    assert (started.client, started.role) == (client.id, "admin")


def test_without_a_relay_the_link_is_shown_to_pass_on(app: Flask) -> None:
    account, _ = account_with_app(Role.CLIENT)
    client = make_client(people.make_account(Role.PROVIDER), account=account)
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    answer = admin.send(f"/clients/{client.id}/reset", {**RESET, "factors": "go"})
    link = re.search(r"https://localhost/choose-password\?link=[\w-]+", answer.text)
    assert link is not None
    browser = people.browser(app)
    browser.send("/choose-password", {"link": token_of(link[0]), "password": NEW})
    assert browser.get("/account").status_code == 200
    assert not AuthenticatorApp.select().exists()


def test_care_team_is_told_that_an_admin_does_it(app: Flask) -> None:
    client = client_of(app)
    provider = people.sign_in(app, client.careteam_set.get().provider)
    page = provider.get(f"/clients/{client.id}").text
    assert "/reset" not in page
    assert "an admin sends them a link" in page
    assert provider.send(f"/clients/{client.id}/reset", RESET).status_code == 404
    assert not AccountLink.select().exists()


def test_it_asks_for_a_fresh_proof_a_note_and_what_is_lost(app: Flask) -> None:
    client = client_of(app)
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    for missing in ({"note": ""}, {"note": "ok"}, {"factors": ""}):
        answer = admin.send(f"/clients/{client.id}/reset", {**RESET, **missing})
        assert "Nothing you wrote is lost" in answer.text
    let_proofs_age()
    assert admin.get(f"/clients/{client.id}/reset").location.startswith("/account/confirm")
    assert admin.send(f"/clients/{client.id}/reset", RESET).status_code == 403
    assert not AccountLink.select().exists()


def test_who_has_no_account_or_is_a_colleague_is_said(app: Flask) -> None:
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    uninvited = make_client(people.make_account(Role.PROVIDER), name="Nobody Yet")
    assert "Invite them instead" in admin.send(f"/clients/{uninvited.id}/reset", RESET).text
    colleague = client_of(app, Role.CLIENT, Role.ADMIN)
    answer = admin.send(f"/clients/{colleague.id}/reset", RESET)
    assert answer.status_code == 403
    assert "under Colleagues" in answer.text
    assert not AccountLink.select().exists()
