"""What somebody was typing when they were signed out, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from core.clock import utcnow
from tests.browser.account.conftest import PASSWORD, Arrive, Somebody
from tests.webapp.clients.records import make_client
from tests.webapp.people import make_account
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account.drafts.models import FormDraft
from webapp.db.unit import housekeeping

REASON = "Found unconscious at home,\nparamedics ask for allergies"


def lapse(somebody: Somebody) -> None:
    mine = (Session.account == somebody.account.id) & Session.ended_at.is_null()
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=31)).where(mine).execute()


def knock_again(somebody: Somebody) -> None:
    somebody.write("Email", somebody.account.email)
    somebody.write("Password", PASSWORD)
    somebody.press("Sign in")


def test_what_was_typed_is_offered_at_the_same_place_after_signing_in_again(arrive: Arrive) -> None:
    colleague = make_account(Role.PROVIDER)
    place = f"/clients/{make_client(colleague).id}/emergency"
    somebody = arrive()
    somebody.knock()
    somebody.at("/")
    somebody.page.clock.install()
    somebody.go(place)
    with somebody.page.expect_response(re.compile("/account/drafts$")) as kept:
        somebody.write("Reason", REASON)
        somebody.page.clock.fast_forward(2000)
    assert kept.value.status == 204
    lapse(somebody)
    somebody.page.clock.fast_forward(31 * 60_000)
    somebody.page.wait_for_url(re.compile(re.escape(f"/sign-in?next={place}")))
    knock_again(somebody)
    somebody.at(place)
    somebody.says("You wrote here before and did not send it")
    expect(somebody.page.get_by_label("Reason", exact=True)).to_have_value("")
    somebody.press("Put it back")
    expect(somebody.page.get_by_label("Reason", exact=True)).to_have_value(REASON)
    expect(somebody.page.get_by_text("did not send it")).to_have_count(0)
    somebody.press("Open for 60 minutes")
    somebody.page.wait_for_url(re.compile("/clients/[^/]*$"))
    assert not FormDraft.select().where(FormDraft.account == somebody.account.id).exists()


def test_form_that_is_sent_too_late_is_not_lost(arrive: Arrive) -> None:
    somebody = arrive()
    somebody.knock()
    somebody.at("/")
    somebody.go("/clients/new")
    with somebody.page.expect_response(re.compile("/account/drafts$")):
        somebody.write("Full name", "Rosa Delgado")
        somebody.page.get_by_label("Language").select_option("es")
        somebody.page.get_by_label("Phone (optional)", exact=True).press_sequentially("802")
    lapse(somebody)
    somebody.press("Add client")
    somebody.page.wait_for_url(re.compile(r"/sign-in\?next=/clients/new"))
    knock_again(somebody)
    somebody.at("/clients/new")
    somebody.press("Put it back")
    expect(somebody.page.get_by_label("Full name", exact=True)).to_have_value("Rosa Delgado")
    expect(somebody.page.get_by_label("Language")).to_have_value("es")


def test_thrown_away_draft_is_not_offered_again(arrive: Arrive) -> None:
    somebody = arrive()
    somebody.knock()
    somebody.at("/")
    somebody.go("/clients/new")
    with somebody.page.expect_response(re.compile("/account/drafts$")):
        somebody.write("Full name", "Rosa Delgado")
    somebody.go("/clients/new")
    somebody.press("Throw it away")
    expect(somebody.page.get_by_text("did not send it")).to_have_count(0)
    with somebody.page.expect_response(re.compile(r"/account/drafts\?place=")):
        somebody.go("/clients/new")
    expect(somebody.page.get_by_text("did not send it")).to_have_count(0)


def test_forms_with_a_password_or_a_code_are_left_alone(arrive: Arrive) -> None:
    somebody = arrive()
    somebody.knock()
    somebody.at("/")
    asked: list[str] = []
    somebody.page.on("request", lambda request: asked.append(request.url))
    somebody.go("/account/password")
    somebody.page.get_by_label(re.compile("password", re.IGNORECASE)).first.fill("kettle-orange-violin-10")
    somebody.page.wait_for_timeout(2500)
    assert asked
    assert not [url for url in asked if "/account/drafts" in url]
