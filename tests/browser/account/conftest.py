"""One appliance and one browser for all tests of accounts; people are new for each."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.program import chromium_program
from tests.browser.visit.box import Box
from tests.browser.visit.conftest import browsers, call, client, meeting, opened, provider
from tests.webapp import people
from webapp.access.actor import Role
from webapp.account import hashing
from webapp.account.models import Account
from webapp.app import prepare
from webapp.db.database import db

__all__ = ["browsers", "call", "client", "meeting", "opened", "provider"]  # two people in a visit

PASSWORD = "kettle-orange-violin-9"


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=chromium_program(),
        args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
    )
    yield browser
    browser.close()


@pytest.fixture
def database(box: Box) -> Iterator[None]:
    """The appliance's own database, for the test's look and its people."""
    prepare(box.settings)
    db.connect(reuse_if_open=True)
    yield
    db.close()
    db.obj.close_all()


@dataclass(frozen=True)
class Somebody:
    """A page of a browser of their own, and what they sign in with."""

    page: Page
    url: str
    account: Account

    def go(self, path: str) -> None:
        """Open a page of the box; its scripts are bound when this returns."""
        self.page.goto(self.url + path)
        self.bound()

    def bound(self) -> None:
        self.page.wait_for_selector("html[data-bound]")

    def at(self, path: str) -> None:
        """Wait until the browser is there."""
        self.page.wait_for_url(f"{self.url}{path}")
        self.bound()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def write(self, label: str, words: str) -> None:
        self.page.get_by_label(label, exact=True).fill(words)

    def knock(self) -> None:
        """Send address and password."""
        self.go("/sign-in")
        self.write("Email", self.account.email)
        self.write("Password", PASSWORD)
        self.press("Sign in")

    def says(self, words: str) -> None:
        self.page.get_by_text(words).first.wait_for()


Arrive = Callable[..., Somebody]


@pytest.fixture
def arrive(box: Box, chromium: Browser, database: None) -> Iterator[Arrive]:
    """Opens a fresh browser profile for somebody, by default a new provider."""
    with ExitStack() as stack:

        def open_for(account: Account | None = None, *roles: Role) -> Somebody:
            who = account or people.make_account(
                *(roles or (Role.PROVIDER,)),
                name="Dr. Amara Okafor",
                email=f"{uuid.uuid4()}@example.org",
                password_hash=hashing.make(PASSWORD),
            )
            return stack.enter_context(_opened(chromium, box.url, who))

        yield open_for


@contextmanager
def _opened(chromium: Browser, url: str, account: Account) -> Iterator[Somebody]:
    context = chromium.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield Somebody(page, url, account)
        assert not faults, faults
    finally:
        context.close()
