"""Who is archived goes on reading their own record: every page that was theirs stays theirs, and nobody else's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from core.clock import utcnow
from tests.webapp import people
from tests.webapp.account.door import account_with_password, knock
from tests.webapp.account.mails import mailed, token_of, use_relay
from tests.webapp.clients.records import make_client
from tests.webapp.matrix.playing import World, ask, bare
from tests.webapp.matrix.scene import Who, make_scene
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.clients.models import Client
from webapp.db.unit import housekeeping
from webapp.outbox.models import MailTemplate


def readable(world: World) -> Iterator[str]:
    """Every page that a client may open about themself."""
    for endpoint, place in sorted(world.places.items()):
        if place.is_get and place.allows(Who.CLIENT_SELF):
            yield endpoint


def test_every_page_of_the_own_record_reads_as_before(world: World) -> None:
    scene = make_scene()
    places = [world.places[endpoint] for endpoint in readable(world)]
    browser = scene.browser(world.app, Who.CLIENT_SELF)

    def statuses() -> dict[str, int]:
        found = {}
        for place in places:
            answer = ask(browser, place, place.ready(scene, Who.CLIENT_SELF), {})
            found[place.endpoint] = answer.status_code
            answer.close()
        return found

    before = statuses()
    assert sum(status == 200 for status in before.values()) > 15
    assert {"clients.info", "desk.visit_history", "appointments.show", "audit.openings"} <= set(before)
    with housekeeping("somebody of the care team archives the record"):
        Client.update(archived_at=utcnow()).where(Client.id == scene.things["client_id"]).execute()
    assert statuses() == before


def test_nobody_gains_anything_by_it(world: World) -> None:
    scene = make_scene()
    with housekeeping("archived"):
        Client.update(archived_at=utcnow()).where(Client.id == scene.things["client_id"]).execute()
    for who in (Who.CLIENT_OTHER, Who.ANONYMOUS):
        browser = scene.browser(world.app, who)
        browser.form_token()
        place = world.places["clients.info"]
        found = bare(ask(browser, place, place.real(scene, who), {}))
        absent = bare(ask(browser, place, place.missing(), {}))
        assert found.status == (302 if who is Who.ANONYMOUS else 404)
        assert who is Who.ANONYMOUS or found == absent


def archived(world: World) -> tuple[Account, Client]:
    """A client with a password, whose record is archived."""
    account = account_with_password(Role.CLIENT, email=f"{uuid.uuid4()}@example.org")
    client = make_client(people.make_account(Role.PROVIDER), account=account)
    with housekeeping("archived"):
        Client.update(archived_at=utcnow()).where(Client.id == client.id).execute()
    return account, client


def test_archived_client_signs_in_and_reads(world: World) -> None:
    account, client = archived(world)
    browser = people.browser(world.app)
    assert knock(browser, account.email).location == "/"
    assert browser.get("/").status_code == 200
    assert client.phone in browser.get(f"/clients/{client.id}").text


def test_archived_client_who_forgot_the_password_gets_in_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account, client = archived(world)
    use_relay(world.app, monkeypatch)
    people.browser(world.app).send("/forgot-password", {"email": account.email})
    [link] = [values["link"] for to, values in mailed(MailTemplate.PASSWORD_FORGOTTEN) if to == account.email]
    browser = people.browser(world.app)
    chosen = {"link": token_of(link), "password": "another-orange-violin-7"}
    assert browser.send("/choose-password", chosen).location == "/"
    assert client.phone in browser.get(f"/clients/{client.id}").text
