"""The practice's one row, its page for admins, and its words for the password rule."""

from __future__ import annotations

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Invalid
from core.settings import Settings
from tests.webapp import people
from webapp.access.actor import SYSTEM, Role
from webapp.account import passwords
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.practice import actions, queries
from webapp.practice.actions import PracticeWords
from webapp.practice.models import Practice

CEDAR = PracticeWords(name="Cedar Hollow Family Therapy", time_zone="America/New_York", phone="802-555-0100")


def test_before_set_up_the_practice_has_the_products_name(database: Settings) -> None:
    assert queries.current() == queries.PracticeInfo()
    assert queries.current().name == "Wellhouse"
    assert not queries.current().is_set_up


def test_saving_twice_keeps_one_row(database: Settings) -> None:
    actions.save(SYSTEM, CEDAR, at=utcnow())
    actions.save(SYSTEM, PracticeWords(name="Cedar Hollow", time_zone="UTC"), at=utcnow())
    assert Practice.select().count() == 1
    info = queries.current()
    assert (info.name, info.time_zone, info.phone, info.is_set_up) == ("Cedar Hollow", "UTC", "", True)


@pytest.mark.parametrize(("field", "bad"), [("name", "  "), ("time_zone", "Mars/Olympus"), ("time_zone", "")])
def test_unusable_words_are_refused_by_field(database: Settings, field: str, bad: str) -> None:
    values = {"name": "Cedar Hollow", "time_zone": "UTC", field: bad}
    with pytest.raises(Invalid) as caught:
        actions.save(SYSTEM, PracticeWords(**values), at=utcnow())
    assert caught.value.field == field
    assert not Practice.select().exists()


def test_its_words_are_no_password_here(database: Settings) -> None:
    passwords.choose("cedar hollow 2026", name="", email="", roles=[Role.CLIENT])
    actions.save(SYSTEM, CEDAR, at=utcnow())
    with pytest.raises(Invalid, match="word of the practice"):
        passwords.choose("cedar hollow 2026", name="", email="", roles=[Role.CLIENT])


def test_admin_edits_what_everybody_reads(app: Flask) -> None:
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    assert admin.get("/practice").status_code == 200
    fields = {"name": "Cedar Hollow", "time_zone": "America/New_York", "waiting_text": "Water is at hand."}
    assert admin.send("/practice", fields).status_code == 302
    assert queries.current().waiting_text == "Water is at hand."
    assert "Water is at hand." in admin.get("/practice").text
    assert Action.PRACTICE_SAVED in [row.action for row in AuditEvent.select()]


def test_nameless_practice_is_refused_and_what_was_written_is_shown_again(app: Flask) -> None:
    admin = people.sign_in(app, people.make_account(Role.ADMIN))
    answer = admin.send("/practice", {"name": "", "time_zone": "UTC", "introduction": "We care."})
    assert answer.status_code == 200
    assert "Please give the practice a name." in answer.text
    assert "We care." in answer.text
    assert not Practice.select().exists()


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.CLIENT])
def test_other_roles_find_no_such_page(app: Flask, role: Role) -> None:
    browser = people.sign_in(app, people.make_account(role))
    assert browser.get("/practice").status_code == 404
    assert browser.send("/practice", {"name": "Mine", "time_zone": "UTC"}).status_code == 404
    assert not Practice.select().exists()
