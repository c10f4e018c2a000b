"""What people meet before they are signed in: axe finds nothing, nothing scrolls sideways.

The pages come from the portal in this process, by way of the browser's own routing, as registering needs a mail relay,
which the appliance of the other tests does not have.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route

from core.clock import utcnow
from tests import box
from tests.browser.account.test_account_pages import faults
from tests.webapp import people
from tests.webapp.account.door import account_with_password, knock
from tests.webapp.account.mails import mailed, path_of, use_relay
from tests.webapp.account.mfa.enrolled import account_with_app, code
from tests.webapp.clients.records import make_client
from webapp.access.actor import SYSTEM, Role
from webapp.app import create_app, migrate_database
from webapp.clients import families, invitations
from webapp.clients.families import Terms
from webapp.clients.models import Relation
from webapp.db.database import db
from webapp.outbox.models import MailTemplate
from webapp.practice import actions as practice
from webapp.practice.actions import PracticeWords

WORDS = PracticeWords(name="Cedar Hollow", time_zone="America/New_York", phone="802-555-0100", registration_open=True)
NEWCOMER = {"name": "Ines Albrecht", "email": "ines@example.org", "phone": "802-555-0133"}
LATE = timedelta(minutes=-7)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """A portal with a relay, whose practice lets people register."""
    settings = box.make_settings(tmp_path)
    migrate_database(settings)
    db.obj.close_all()
    application = create_app(settings, testing=True)
    use_relay(application, monkeypatch)
    db.connect(reuse_if_open=True)
    practice.save(SYSTEM, WORDS, at=utcnow())
    yield application
    if not db.is_closed():
        db.close()
    db.obj.close_all()


@pytest.fixture
def page(chromium: Browser, app: Flask) -> Iterator[Page]:
    """A page of a browser that has no network but the portal's."""
    visitor = people.browser(app)

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        got = visitor.get(f"{parts.path}?{parts.query}")
        route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.data)
        got.close()

    context = chromium.new_context()
    context.route("https://localhost/**", answer)
    yield context.new_page()
    context.close()


class Look:
    """Opens pages, and shows what was answered to what people sent, and remembers what is wrong with them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []

    def at(self, name: str, path: str, says: str) -> None:
        self.page.goto(f"https://localhost{path}")
        self.page.wait_for_selector("html[data-bound]")
        self.page.get_by_text(says).first.wait_for()
        self.wrong += faults(self.page, name)

    def at_answer(self, name: str, text: str, says: str) -> None:
        """A page that is only ever the answer to something sent."""
        self.page.route("https://localhost/answer", lambda route: route.fulfill(content_type="text/html", body=text))
        assert says in html.unescape(text)
        self.at(name, "/answer", says)
        self.page.unroute("https://localhost/answer")


def invited(app: Flask) -> tuple[str, str]:
    """The paths of a client's invitation, and of somebody's who is to act for them."""
    provider, settings = people.make_account(Role.PROVIDER), app.extensions["wellhouse.settings"]
    who, client = people.actor(provider), make_client(provider, "Rosa Delgado", email="rosa@example.org")
    with app.test_request_context():
        own = invitations.invite(who, client.id, settings, at=utcnow())
        terms = Terms(Relation.PARTNER, joins_visits=True, ends_at=None)
        family = families.add(
            who, client.id, settings, name="Ana Delgado", email="ana@example.org", terms=terms, at=utcnow()
        )
    return urlsplit(own).path, urlsplit(family).path


@pytest.mark.timeout(300)
def test_axe_finds_nothing_before_anybody_is_signed_in(app: Flask, page: Page) -> None:
    look, visitor = Look(page), people.browser(app)
    look.at("register", "/register", "Cedar Hollow")
    look.at_answer("registered wrongly", visitor.send("/register", {"name": "", "email": "x"}).text, "Cedar Hollow")
    look.at_answer("registered", visitor.send("/register", NEWCOMER).text, "Look into your mail")
    proof = path_of(mailed(MailTemplate.REGISTRATION_PROVE)[-1][1]["link"])
    look.at("prove the address", proof, "One more click")
    look.at("registered and proved", "/register/done", "Thank you")

    own, family = invited(app)
    look.at("invitation", own, "Rosa Delgado")
    look.at("family's invitation", family, "Ana Delgado")
    look.at("used invitation", "/invitation/old", "does not work")

    account = account_with_password(Role.CLIENT, email="maren@example.org")
    look.at_answer(
        "reset asked for", visitor.send("/forgot-password", {"email": account.email}).text, "Look into your mail"
    )
    look.at("reset", path_of(mailed(MailTemplate.PASSWORD_FORGOTTEN)[-1][1]["link"]), "New password")
    look.at_answer(
        "wrong password", knock(visitor, account.email, "not-the-secret-words").text, "do not belong together"
    )

    _, seed = account_with_app(Role.PROVIDER)
    knock(visitor)
    late = visitor.send("/sign-in/code", {"code": code(seed, off=LATE)}).text
    look.at_answer("second step, refused", late, "off by 7 minutes")
    assert not look.wrong, "\n".join(look.wrong)
