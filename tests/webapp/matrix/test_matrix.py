"""Every endpoint × everybody: real requests, judged by the table.

A refusal looks to the last byte like an address that names nothing, changes nothing, and leaves one row in the record.
"""

from __future__ import annotations

import uuid

import pytest
from flask import render_template, request

from core.clock import utcnow
from tests.webapp.matrix.playing import Place, World, ask, bare, denials_since, guarded, is_recorded, kept, last_number
from tests.webapp.matrix.scene import Who, make_scene
from webapp.access import errors
from webapp.account.models import SignInTry
from webapp.clients import policy
from webapp.db.unit import housekeeping

ENDPOINTS = sorted(guarded())

# Whoever is an admin already cannot become one.
ALREADY = {("account.become_admin", Who.ADMIN)}
# Beyond a right these ask for what cannot be made up here, or for a state that was brought about before.
NEED_MORE = {
    "account.prove_address": "the token of a mail",
    "account.save_address": "the password",
    "colleagues.stop_reset": "a reset that was started",
    "mfa.add_key": "a signature",
    "mfa.confirm_key": "a signature",
    "unlock.by_code": "a code",
    "unlock.by_password": "the password",
}


def refuse(world: World, place: Place, who: Who) -> None:
    """Ask for what is there and for what is not, as somebody who may not."""
    account = None if who is Who.ANONYMOUS else world.scene.accounts[who].id
    before = last_number()
    # What is one's own is asked for by somebody else: it belongs to the assigned provider, or to a colleague.
    owner = Who.UNASSIGNED if who in (Who.ASSIGNED, Who.ADMIN) else Who.ASSIGNED
    things = place.real(world.scene, owner if place.is_own else who)
    found = bare(world.ask(who, place, things))
    assert set(denials_since(before)) <= {account}
    if who is Who.ANONYMOUS:
        assert found.status == (401 if place.json else 302)
        assert last_number() == before
        return
    assert found.status == 404, who
    assert last_number() <= before + 1
    assert account is not None
    assert is_recorded(account, place, things)
    if place.ids:
        before, nobodys = last_number(), place.missing()
        absent = bare(world.ask(who, place, nobodys))
        assert absent == found, who
        assert last_number() == before + 1 or not any(isinstance(thing, uuid.UUID) for thing in nobodys.values())


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_refusal_is_like_nothing_there_and_changes_nothing(world: World, endpoint: str) -> None:
    place = world.places[endpoint]
    refused = [who for who in Who if place.is_own or not place.allows(who)]
    before = kept()
    for who in refused:
        refuse(world, place, who)
    assert kept() == before
    assert Who.ANONYMOUS in refused
    if place.ids:
        assert len(refused) > 1, "nobody who is signed in is refused"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_permission_gets_through_the_rule(world: World, endpoint: str) -> None:
    place = world.places[endpoint]
    allowed = [who for who in Who if place.allows(who)]
    assert allowed, "this endpoint is for nobody"
    worked = 0
    for who in allowed:
        shared = place.is_get
        scene = world.scene if shared else make_scene()
        browser = world.browsers[who] if shared else scene.browser(world.app, who)
        before = last_number()
        answer = ask(browser, place, place.ready(scene, who), place.body(scene))
        answer.close()
        if (endpoint, who) in ALREADY:
            assert answer.status_code == 404
            continue
        assert denials_since(before) == [], (who, answer.status_code)
        assert answer.status_code not in (401, 404, 500), (who, answer.status_code)
        to_the_door = (answer.location or "").startswith(("/sign-in", "/account/confirm"))
        assert not to_the_door or endpoint == "account.sign_out", who
        worked += answer.status_code < 400
    assert bool(worked) is (endpoint not in NEED_MORE), "nobody's request did anything"


def test_planted_hole_in_a_policy_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "on_care_team", lambda *_who: True)
    with pytest.raises(AssertionError):
        refuse(world, world.places["clients.edit"], Who.UNASSIGNED)


def test_planted_difference_between_absent_and_not_yours_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(*template: str, **values: object) -> str:
        return render_template(*template, **values) + request.path

    monkeypatch.setattr(errors, "render_template", tell)
    with pytest.raises(AssertionError):
        refuse(world, world.places["clients.edit"], Who.UNASSIGNED)


def test_planted_write_by_a_refusal_is_found(world: World) -> None:
    before = kept()
    with housekeeping("planted"):
        SignInTry.insert(at=utcnow(), account_key="", address_key="", device_key="").execute()
    assert kept() != before


def test_matrix_is_as_large_as_it_should_be(world: World) -> None:
    assert set(world.places) == set(ENDPOINTS)
    cells = {(endpoint, who): world.places[endpoint].allows(who) for endpoint in ENDPOINTS for who in Who}
    assert len(cells) > 900
    for who in Who:
        answers = {yes for (_, each), yes in cells.items() if each is who}
        assert answers == ({False} if who is Who.ANONYMOUS else {False, True}), who
