"""The warning before being signed out, in a real browser whose clock the test moves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core.clock import utcnow
from tests.browser.account.conftest import PASSWORD, Arrive, Somebody
from webapp.access.sessions import Session
from webapp.db.unit import housekeeping

WARNING = "Are you still there?"


@pytest.fixture
def at_sessions(arrive: Arrive) -> Somebody:
    """Somebody at a page of theirs, in a browser whose timers the test moves."""
    somebody = arrive()
    somebody.knock()
    somebody.at("/")
    somebody.page.clock.install()
    somebody.go("/account/sessions")
    return somebody


def nothing_for(somebody: Somebody, *, minutes: float) -> None:
    """Nobody does anything for so long, here and in the box."""
    mine = (Session.account == somebody.account.id) & Session.ended_at.is_null()
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=minutes)).where(mine).execute()
    somebody.page.clock.fast_forward(round(minutes * 60_000))


def seen(somebody: Somebody) -> float:
    """Seconds since the box last heard that they do something."""
    row = Session.get((Session.account == somebody.account.id) & Session.ended_at.is_null())
    return float((utcnow() - row.last_seen_at).total_seconds())


def test_warning_comes_two_minutes_before_and_staying_puts_it_off(at_sessions: Somebody) -> None:
    dialog = at_sessions.page.get_by_role("alertdialog", name=WARNING)
    nothing_for(at_sessions, minutes=27.5)
    expect(dialog).to_be_hidden()
    nothing_for(at_sessions, minutes=28.2)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("timer")).to_have_text(re.compile(r"^1:\d\d$"))
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    at_sessions.page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    at_sessions.press("Stay signed in")
    expect(dialog).to_be_hidden()
    assert seen(at_sessions) < 30


def test_who_does_not_answer_is_signed_out_and_comes_back_to_the_same_place(at_sessions: Somebody) -> None:
    nothing_for(at_sessions, minutes=28.2)
    at_sessions.page.get_by_role("alertdialog", name=WARNING).wait_for()
    nothing_for(at_sessions, minutes=30.1)
    at_sessions.page.wait_for_url(re.compile(r"/sign-in\?next=/account/sessions"))
    at_sessions.says("back where you were")
    at_sessions.write("Email", at_sessions.account.email)
    at_sessions.write("Password", PASSWORD)
    at_sessions.press("Sign in")
    at_sessions.at("/account/sessions")


def test_who_types_is_not_asked_and_the_box_hears_of_it(at_sessions: Somebody) -> None:
    nothing_for(at_sessions, minutes=27.9)
    at_sessions.page.keyboard.press("Tab")
    nothing_for(at_sessions, minutes=0.2)
    mine = (Session.account == at_sessions.account.id) & Session.ended_at.is_null()
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=28.1)).where(mine).execute()
    at_sessions.page.clock.fast_forward(6000)
    at_sessions.page.wait_for_timeout(500)
    at_sessions.page.clock.fast_forward(6000)
    expect(at_sessions.page.get_by_role("alertdialog", name=WARNING)).to_be_hidden()
    assert seen(at_sessions) < 30


def test_other_tab_that_goes_on_closes_the_warning_here(at_sessions: Somebody) -> None:
    dialog = at_sessions.page.get_by_role("alertdialog", name=WARNING)
    nothing_for(at_sessions, minutes=28.2)
    dialog.wait_for()
    other = at_sessions.page.context.new_page()
    other.goto(f"{at_sessions.url}/account")
    at_sessions.page.clock.fast_forward(6000)
    expect(dialog).to_be_hidden()


def test_signing_out_from_the_warning(at_sessions: Somebody) -> None:
    nothing_for(at_sessions, minutes=28.2)
    dialog = at_sessions.page.get_by_role("alertdialog", name=WARNING)
    dialog.get_by_role("button", name="Sign out").click()
    at_sessions.at("/sign-in")
