"""What ends with a session: streams within a second, and calls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Unavailable
from tests.webapp import people
from tests.webapp.account.door import account_with_password
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.colleagues import actions
from webapp.account.models import Account
from webapp.appointments.models import Appointment
from webapp.appointments.visit import rtc_control
from webapp.appointments.visit.models import Attendance, Visit
from webapp.db.unit import housekeeping

Way = Callable[[Flask, Account, people.Browser], None]


def by_disabling(app: Flask, account: Account, browser: people.Browser) -> None:
    admin = people.make_account(Role.ADMIN, password_hash="x")
    actions.disable(people.actor(admin), account, at=utcnow())


def by_signing_out(app: Flask, account: Account, browser: people.Browser) -> None:
    assert browser.send("/sign-out").status_code == 302


def by_idling(app: Flask, account: Account, browser: people.Browser) -> None:
    limits = app.extensions["wellhouse.settings"].portal
    with housekeeping("time passes"):
        before = utcnow() - timedelta(minutes=limits.idle_minutes)
        Session.update(last_seen_at=before).where(Session.account == account.id).execute()


@pytest.mark.parametrize("way", [by_disabling, by_signing_out, by_idling])
def test_stream_ends_within_a_second_after_its_session(app: Flask, way: Way) -> None:
    account = account_with_password(Role.PROVIDER)
    browser = people.sign_in(app, account)
    other = people.sign_in(app, people.make_account(Role.PROVIDER))
    stays = other.get("/live")
    answer = browser.get("/live")
    parts = answer.iter_encoded()
    next(parts), next(parts)
    way(app, account, browser)
    began = time.monotonic()
    assert list(parts) == []
    assert time.monotonic() - began < 1
    answer.close()
    stays.close()


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Whom the media server was told to put out of which room."""
    told: list[tuple[uuid.UUID, uuid.UUID]] = []
    monkeypatch.setattr(rtc_control, "remove_participant", lambda _socket, room, who: told.append((room, who)))
    return told


def in_a_room(account: Account, *, closed: bool = False, granted: bool = True) -> tuple[uuid.UUID, uuid.UUID]:
    """Room and participant of *account* in a visit."""
    at = utcnow()
    with housekeeping("this test's visit"):
        appointment = Appointment.create(provider=account, starts_at=at, minutes=50, created_at=at)
        visit = Visit.create(appointment=appointment, closed_at=at if closed else None)
        mine = Attendance.create(visit=visit, account=account, role=Role.PROVIDER, granted_at=at if granted else None)
    return visit.room, mine.participant


def test_disabled_person_leaves_every_open_room_at_once(app: Flask, removed: list[object]) -> None:
    account, other = account_with_password(Role.PROVIDER), people.make_account(Role.PROVIDER)
    mine = in_a_room(account)
    in_a_room(account, closed=True)
    in_a_room(account, granted=False)
    in_a_room(other)
    by_disabling(app, account, people.browser(app))
    assert removed == [mine]


def test_signing_out_elsewhere_ends_the_call_there(app: Flask, removed: list[object]) -> None:
    account = account_with_password(Role.PROVIDER)
    lost = people.sign_in(app, account)
    session = Session.get()
    here = people.sign_in(app, account)
    mine = in_a_room(account)
    assert here.send(f"/account/sessions/{session.id}/end").status_code == 302
    assert removed == [mine]
    assert lost.get("/account").status_code == 302


def test_new_id_of_the_same_session_ends_no_call(app: Flask, removed: list[object]) -> None:
    account = account_with_password(Role.PROVIDER, Role.ADMIN)
    in_a_room(account)
    browser = people.sign_in(app, account)
    browser.send("/account/confirm/password", {"password": "kettle-orange-violin-9"})
    browser.send("/account/role/admin")
    assert Session.select().count() == 3
    assert removed == []


def test_silent_media_server_does_not_keep_anybody_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    account = account_with_password(Role.PROVIDER)
    in_a_room(account)

    def silent(*_given: object) -> None:
        raise Unavailable("The media server does not answer.")

    monkeypatch.setattr(rtc_control, "remove_participant", silent)
    by_disabling(app, account, people.browser(app))
    assert Account.get_by_id(account.id).disabled_at is not None
