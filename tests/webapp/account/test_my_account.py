"""My Account: one's name, zone, language and look, and where one is signed in."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Conflict, Invalid
from core.settings import Settings
from tests.webapp import people
from tests.webapp.account.door import recorded
from webapp.access.actor import SYSTEM, Role
from webapp.access.sessions import Session
from webapp.account import actions, hashing, passwords
from webapp.account.models import Account, AccountRole
from webapp.audit.events import Action
from webapp.db.unit import housekeeping

INFO = {"name": "Amara Okafor", "time_zone": "Europe/Berlin", "locale": "en", "theme": "dark"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def test_own_name_zone_and_look_are_kept(app: Flask) -> None:
    account = people.make_account(Role.CLIENT)
    browser = people.sign_in(app, account)
    assert browser.send("/account", INFO).status_code == 302
    row = Account.get_by_id(account.id)
    assert (row.name, row.time_zone, row.theme) == ("Amara Okafor", "Europe/Berlin", "dark")
    page = browser.get("/account").text
    assert 'value="Amara Okafor"' in page
    assert account.email in page


@pytest.mark.parametrize(
    ("field", "bad"),
    [("name", "   "), ("name", "x" * 101), ("time_zone", "Mars/Olympus"), ("theme", "loud"), ("locale", "tlh")],
)
def test_what_cannot_be_used_is_said_at_its_field_and_changes_nothing(app: Flask, field: str, bad: str) -> None:
    account = people.make_account(Role.CLIENT)
    answer = people.sign_in(app, account).send("/account", {**INFO, field: bad})
    assert answer.status_code == 200
    assert "Nothing you wrote is lost" in answer.text
    assert Account.get_by_id(account.id).name == account.name
    assert Action.PREFERENCES_SAVED not in recorded()


def test_extra_fields_change_nothing(app: Flask) -> None:
    account = people.make_account(Role.CLIENT)
    more = {"roles": "admin", "role": "admin", "email": "x@example.org", "disabled_at": "0", "id": str(uuid.uuid4())}
    assert people.sign_in(app, account).send("/account", {**INFO, **more}).status_code == 302
    row = Account.get_by_id(account.id)
    assert (row.email, row.disabled_at) == (account.email, None)
    assert people.roles_of(row) == {Role.CLIENT}


def test_places_are_named_by_browser_and_system_and_this_one_is_marked(app: Flask) -> None:
    account = people.make_account(Role.PROVIDER)
    people.sign_in(app, account)
    browser = people.sign_in(app, account)
    session = Session.select().order_by(Session.created_at.desc()).get()
    with housekeeping("what this browser calls itself"):
        Session.update(device=FIREFOX).where(Session.id == session.id).execute()
    page = browser.get("/account/sessions").text
    assert "Firefox on Linux" in page
    assert page.count("This browser") == 1
    assert page.count("Sign out there") == 1


def test_another_browser_is_signed_out_from_here(app: Flask) -> None:
    account = people.make_account(Role.PROVIDER)
    lost, here = people.sign_in(app, account), people.sign_in(app, account)
    other = next(row for row in Session.select().order_by(Session.created_at))
    assert here.send(f"/account/sessions/{other.id}/end").status_code == 302
    assert lost.get("/account").status_code == 302
    assert here.get("/account").status_code == 200
    assert recorded()[-1] is Action.SESSION_ENDED
    assert here.send(f"/account/sessions/{other.id}/end").status_code == 404


def test_session_of_somebody_else_is_absent(app: Flask) -> None:
    victim = people.sign_in(app, people.make_account(Role.PROVIDER))
    session = Session.get()
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    theirs = browser.send(f"/account/sessions/{session.id}/end")
    nobodys = browser.send(f"/account/sessions/{uuid.uuid4()}/end")
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert len(theirs.data) == len(nobodys.data)
    assert victim.get("/account").status_code == 200


def test_only_who_has_two_roles_is_offered_a_switch(app: Flask) -> None:
    both = people.sign_in(app, people.make_account(Role.PROVIDER, Role.ADMIN))
    one = people.sign_in(app, people.make_account(Role.PROVIDER))
    assert "Switch to Admin role" in both.get("/account").text
    assert "Switch to" not in one.get("/account").text


def test_account_is_made_with_its_roles_and_recorded(database: Settings) -> None:
    made = actions.create_account(
        SYSTEM, email=" Tomas.Rivera@Example.ORG ", name="  Tomás   Rivera ", roles=[Role.PROVIDER], at=utcnow()
    )
    row = Account.get_by_id(made.id)
    assert (row.email, row.name, row.password_hash) == ("tomas.rivera@example.org", "Tomás Rivera", None)
    assert people.roles_of(row) == {Role.PROVIDER}
    assert recorded() == [Action.ACCOUNT_CREATED]


def test_taken_address_is_a_conflict_and_leaves_nothing_behind(database: Settings) -> None:
    people.make_account(Role.PROVIDER, email="tomas@example.org")
    with pytest.raises(Conflict, match="already"):
        actions.create_account(SYSTEM, email="Tomas@example.org", name="T", roles=[Role.ADMIN], at=utcnow())
    assert Account.select().count() == 1
    assert not AccountRole.select().where(AccountRole.role == Role.ADMIN).exists()


@pytest.mark.parametrize("email", ["", "tomas", "tomas@", "a@b@c.example", "tomas@exam ple.org", "t\n@example.org"])
def test_what_is_no_address_makes_no_account(database: Settings, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        actions.create_account(SYSTEM, email=email, name="T", roles=[Role.CLIENT], at=utcnow())
    assert caught.value.field == "email"
    assert not Account.select().exists()


def test_first_password_is_chosen_once(database: Settings) -> None:
    account = people.make_account(Role.CLIENT)
    first, second = (
        passwords.choose(text, name="", email="", roles=[Role.CLIENT])
        for text in ("kettle orange violin", "another orange violin")
    )
    actions.set_first_password(SYSTEM, account.id, first)
    with pytest.raises(Conflict):
        actions.set_first_password(SYSTEM, account.id, second)
    assert hashing.fits(Account.get_by_id(account.id).password_hash, "kettle orange violin")
