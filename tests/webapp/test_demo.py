"""The demonstration's people and its visit that is on now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.clock import utcnow
from core.settings import Settings
from tests.webapp.people import browser
from webapp import demo
from webapp.account.models import Account
from webapp.app import create_app
from webapp.appointments.models import Appointment
from webapp.audit import chain
from webapp.clients.models import Client
from webapp.db.database import db
from webapp.db.unit import housekeeping


@pytest.fixture
def begun(settings: Settings) -> Iterator[Settings]:
    """A box whose demonstration was started 20 minutes ago."""
    demo.seed(settings, at=utcnow() - timedelta(minutes=20))
    yield settings
    db.obj.close_all()


def _counts() -> tuple[tuple[int, int], int]:
    """People and appointments; the record is whole."""
    with db.connection_context():
        assert chain.verify().fault == ""
        counted = (Account.select().count(), Client.select().count()), Appointment.select().count()
    db.obj.close_all()  # another start opens the database for itself
    return counted


def test_second_start_makes_a_fresh_visit_and_no_second_people(begun: Settings) -> None:
    people, before = _counts()
    answer = demo.seed(begun, at=utcnow())
    assert _counts() == (people, before + 1)
    again = demo.seed(begun, at=utcnow())
    assert again["accounts"] == answer["accounts"]
    assert again["appointment_url"] != answer["appointment_url"]


def test_whoever_took_another_address_is_found_at_the_next_start(begun: Settings) -> None:
    people, before = _counts()
    with db.connection_context(), housekeeping("My Account, Info, Change"):
        Account.update(email="tomas.rivera@example.org").where(Account.email == demo.RIVERA.email).execute()
    db.obj.close_all()
    told = demo.seed(begun, at=utcnow())
    assert _counts() == (people, before + 1)
    assert "tomas.rivera@example.org" in [one["email"] for one in told["accounts"]]


def test_told_accounts_sign_in_and_the_visit_can_be_joined_by_both(begun: Settings) -> None:
    told = demo.seed(begun, at=utcnow())
    app = create_app(begun, testing=True)
    path = told["appointment_url"].removeprefix(told["url"])
    for wanted in ("provider", "client"):
        account = next(one for one in told["accounts"] if wanted in one["role"])
        at_person = browser(app)
        at_person.send("/sign-in", {"email": account["email"], "password": account["password"]})
        page = at_person.get(path)
        assert page.status_code == 200
        assert "> Join</button>" in page.text


def test_mother_in_the_demonstration_sees_her_childs_visits(begun: Settings) -> None:
    told = demo.seed(begun, at=utcnow())
    lucia = next(one for one in told["accounts"] if one["name"] == demo.LUCIA.name)
    at_lucia = browser(create_app(begun, testing=True))
    at_lucia.send("/sign-in", {"email": lucia["email"], "password": lucia["password"]})
    assert "For Wren Castellanos" in at_lucia.get("/").text
    assert "Dr. Amara Okafor" in at_lucia.get("/appointments").text


def test_passwords_differ_from_box_to_box(begun: Settings) -> None:
    told = demo.seed(begun, at=utcnow())
    passwords = {one["password"] for one in told["accounts"]}
    assert len(passwords) == len(told["accounts"])
    assert not passwords & {"", "password", "demo"}
    assert min(map(len, passwords)) >= 16
