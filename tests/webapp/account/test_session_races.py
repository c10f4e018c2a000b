"""Two things at the same moment: no session slips through between them."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from flask import Flask

from core.clock import utcnow
from core.settings import Settings
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, recorded
from tests.webapp.account.mfa.enrolled import add_app
from tests.webapp.at_once import at_once
from tests.webapp.people import actor
from webapp.access import sessions
from webapp.access.actor import SYSTEM, Role
from webapp.access.sessions import Session
from webapp.account import hashing, resetting, signing_in
from webapp.account.models import Account
from webapp.account.signing_in import Caller, Opened
from webapp.audit.events import Action, Event
from webapp.db.database import db
from webapp.db.unit import unit

EVENT = Event(Action.SIGNED_IN, SYSTEM)
NEW_PASSWORD = "a lantern under nine maples"


@pytest.fixture
def account(app: Flask) -> Account:
    return account_with_password(Role.PROVIDER, Role.ADMIN)


def begin(account: Account, settings: Settings) -> Session:
    with unit(EVENT):
        live, _token = sessions.start(
            account.id, Role.PROVIDER, settings.portal, address="127.0.0.1", device="Test", at=utcnow()
        )
    return Session.get_by_id(live.id)


def open_sessions() -> int:
    return Session.select().where(Session.ended_at.is_null()).count()


def beside(act: Any) -> threading.Thread:
    """Begin *act* with a connection of its own, while this test goes on."""

    def run() -> None:
        with db.connection_context():
            act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_one_session_never_becomes_two(app: Flask, account: Account, settings: Settings) -> None:
    mine = begin(account, settings)
    who = actor(account, session=mine.id)
    outcomes = at_once(12, lambda _n: signing_in.switch_role(who, mine.id, Role.ADMIN, at=utcnow()))
    assert outcomes == {"done": 1, "Conflict": 11}
    assert open_sessions() == 1


def test_who_signed_out_is_not_signed_in_again_by_a_late_request(
    app: Flask, account: Account, settings: Settings
) -> None:
    mine = begin(account, settings)
    who = actor(account, session=mine.id)
    signing_in.sign_out(who, mine.id, at=utcnow())
    assert at_once(1, lambda _n: signing_in.switch_role(who, mine.id, Role.ADMIN, at=utcnow())) == {"Conflict": 1}
    assert open_sessions() == 0


def test_session_that_is_exchanged_meanwhile_ends_with_all_the_others(
    app: Flask, account: Account, settings: Settings
) -> None:
    mine = begin(account, settings)
    begun = threading.Event()

    def end_all() -> None:
        begun.set()
        with unit(EVENT):
            sessions.end_all(account.id, at=utcnow())

    with unit(EVENT):
        sessions.exchange(mine.id, Role.ADMIN, at=utcnow())
        thread = beside(end_all)
        begun.wait(5)
        time.sleep(0.3)  # it waits by now for what this unit holds
    thread.join()
    assert open_sessions() == 0


def test_old_password_opens_nothing_once_it_was_changed(
    app: Flask, account: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = hashing.fits

    def change() -> None:
        with app.test_request_context():
            resetting.change_password(actor(account), NEW_PASSWORD, settings, at=utcnow())

    def slow(*given: Any, **how: Any) -> bool:
        fits = right(*given, **how)
        beside(change).join()
        return fits

    monkeypatch.setattr(hashing, "fits", slow)
    caller = Caller(address="192.0.2.7")
    assert signing_in.sign_in(EMAIL, PASSWORD, caller, settings.portal, at=utcnow()) is None
    assert open_sessions() == 0
    assert recorded()[-1] is Action.SIGN_IN_FAILED
    monkeypatch.setattr(hashing, "fits", right)
    assert isinstance(signing_in.sign_in(EMAIL, NEW_PASSWORD, caller, settings.portal, at=utcnow()), Opened)


def test_password_alone_opens_nothing_once_a_second_factor_was_added(
    app: Flask, account: Account, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = signing_in.after_password

    def slow(*given: Any, **how: Any) -> Any:
        opened = right(*given, **how)
        add_app(account.id)  # as if it had been committed by another meanwhile
        return opened

    monkeypatch.setattr(signing_in, "after_password", slow)
    caller = Caller(address="192.0.2.7")
    assert signing_in.sign_in(EMAIL, PASSWORD, caller, settings.portal, at=utcnow()) is None
    assert open_sessions() == 0
