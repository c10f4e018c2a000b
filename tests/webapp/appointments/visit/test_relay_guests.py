"""Whom coturn knows: somebody in a room, for as long as they may be there."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from core.clock import utcnow
from core.errors import Conflict, Unavailable
from core.settings import Settings
from tests.webapp import people
from tests.webapp.appointments.visit.conftest import Meeting, admit, wait
from tests.webapp.at_once import at_once
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.colleagues import actions as colleagues
from webapp.account.models import Account
from webapp.appointments.visit import actions, policy, relay_guests, rtc_control
from webapp.appointments.visit.credentials import TURN_LIFE
from webapp.appointments.visit.models import Attendance
from webapp.audit.events import Action, Event
from webapp.db.unit import unit

Way = Callable[[Meeting, Attendance], None]


@pytest.fixture(autouse=True)
def media(monkeypatch: pytest.MonkeyPatch) -> None:
    """A media server that does what it is told."""
    monkeypatch.setattr(rtc_control, "remove_participant", lambda *_what: None)
    monkeypatch.setattr(rtc_control, "close_room", lambda *_what: None)


def known(settings: Settings) -> set[str]:
    with closing(sqlite3.connect(settings.paths.relay_guests)) as guests:
        return {row[0] for row in guests.execute("SELECT participant FROM turn_secret")}


def enter(meeting: Meeting) -> Attendance:
    """The client is let in, and is inside."""
    admit(meeting, wait(meeting))
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == 200
    return Attendance.get(Attendance.account == meeting.clients[0])


def by_disabling(meeting: Meeting, inside: Attendance) -> None:
    admin = people.make_account(Role.ADMIN, password_hash="x")
    colleagues.disable(people.actor(admin), Account.get_by_id(inside.account_id), at=utcnow())


def by_signing_out(meeting: Meeting, inside: Attendance) -> None:
    assert meeting.at_client.send("/sign-out").status_code == 302


def by_sending_back(meeting: Meeting, inside: Attendance) -> None:
    assert meeting.at_provider.send_json(f"{meeting.url}/people/{inside.id}/send-back").status_code == 200


def by_ending_the_visit(meeting: Meeting, inside: Attendance) -> None:
    assert meeting.at_provider.send_json(f"{meeting.url}/end").status_code == 204


@pytest.mark.parametrize("way", [by_disabling, by_signing_out, by_sending_back, by_ending_the_visit])
def test_who_may_no_longer_be_there_is_unknown_to_the_relay(meeting: Meeting, settings: Settings, way: Way) -> None:
    wait(meeting)
    assert known(settings) == set()
    inside = enter(meeting)
    meeting.at_provider.send_json(f"{meeting.url}/entry")
    provider = Attendance.get(Attendance.account == meeting.provider)
    assert known(settings) == {str(inside.participant), str(provider.participant)}
    way(meeting, inside)
    assert known(settings) == (set() if way is by_ending_the_visit else {str(provider.participant)})


def test_session_that_ends_while_somebody_enters_is_no_way_in(app: Flask, meeting: Meeting, settings: Settings) -> None:
    admit(meeting, wait(meeting))
    at, client = utcnow(), meeting.clients[0]
    session = Session.get(Session.account == client.id)
    actor = people.actor(client, session=session.id)
    door = policy.come_to(actor, meeting.appointment.id)
    with unit(Event(Action.SESSION_ENDED, people.actor(client))):
        sessions.end_all(client.id, at=at)
    with pytest.raises(Conflict):
        actions.enter_room(actor, door, settings, at=at)
    assert known(settings) == set()
    assert Attendance.get(Attendance.account == client).granted_at is None


def test_who_is_disabled_in_the_moment_of_entering_is_unknown_afterwards(
    app: Flask, meeting: Meeting, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit(meeting, wait(meeting))
    client, admin = meeting.clients[0], people.make_account(Role.ADMIN, password_hash="x")
    actor = people.actor(client, session=Session.get(Session.account == client.id).id)
    door = policy.come_to(actor, meeting.appointment.id)
    let_in, entering = relay_guests.let_in, threading.Event()

    def slowly(*given: Any, **when: Any) -> str:
        secret = let_in(*given, **when)
        entering.set()
        time.sleep(0.5)  # the other one is at the lock by then
        return secret

    def act(number: int) -> None:
        if number == 0:
            actions.enter_room(actor, door, settings, at=utcnow())
        else:
            assert entering.wait(10)
            colleagues.disable(people.actor(admin), Account.get_by_id(client.id), at=utcnow())

    monkeypatch.setattr(relay_guests, "let_in", slowly)
    assert at_once(2, act) == {"done": 2}
    assert Attendance.get(Attendance.account == client).granted_at is not None
    assert known(settings) == set()


def test_secrets_whose_time_is_over_are_forgotten(settings: Settings) -> None:
    now, old, new = utcnow(), uuid.uuid4(), uuid.uuid4()
    relay_guests.let_in(settings, old, until=now + TURN_LIFE, at=now)
    later = now + TURN_LIFE + timedelta(seconds=1)
    relay_guests.let_in(settings, new, until=later + TURN_LIFE, at=later)
    assert known(settings) == {str(new)}


def test_list_that_is_there_stays_as_it_is(settings: Settings) -> None:
    now, who = utcnow(), uuid.uuid4()
    relay_guests.let_in(settings, who, until=now + TURN_LIFE, at=now)
    relay_guests.make(settings.paths.relay_guests)
    assert known(settings) == {str(who)}


def test_list_that_is_gone_is_said_and_nobody_enters(meeting: Meeting, settings: Settings) -> None:
    settings.paths.relay_guests.unlink()
    admit(meeting, wait(meeting))
    answer = meeting.at_client.send_json(f"{meeting.url}/entry")
    assert answer.status_code == 503
    assert "The relay for guests" in answer.get_json()["sentence"]
    assert Attendance.get(Attendance.account == meeting.clients[0]).granted_at is None
    with pytest.raises(Unavailable):
        relay_guests.turn_away(settings, [uuid.uuid4()])
