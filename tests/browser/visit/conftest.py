"""One appliance and two browsers for all tests of the visit; people and their appointment are new for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Playwright

from tests.browser.visit.box import Box
from tests.browser.visit.meeting import Meeting, make_meeting
from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import Person, launch, until, visiting
from webapp.app import prepare
from webapp.db.database import db


@pytest.fixture(scope="session")
def browsers(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Browser]]:
    """The provider's, in green, and the client's, in purple."""
    folder = tmp_path_factory.mktemp("cameras")
    both = launch(playwright, GREEN, folder), launch(playwright, PURPLE, folder)
    yield both
    for browser in both:
        browser.close()


@pytest.fixture
def meeting(box: Box) -> Iterator[Meeting]:
    prepare(box.settings)
    db.connect(reuse_if_open=True)
    yield make_meeting(box.settings)
    db.close()
    db.obj.close_all()


class Enter(Protocol):
    """Opens a browser for one of the meeting's people."""

    def __call__(self, *, signed_in: bool = True, **how: Any) -> Person: ...


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def provider(box: Box, browsers: tuple[Browser, Browser], meeting: Meeting, opened: ExitStack) -> Enter:
    return _enter(lambda **how: visiting(browsers[0], box.url, GREEN, **how), meeting.provider.cookie, opened)


@pytest.fixture
def client(box: Box, browsers: tuple[Browser, Browser], meeting: Meeting, opened: ExitStack) -> Enter:
    return _enter(lambda **how: visiting(browsers[1], box.url, PURPLE, **how), meeting.client.cookie, opened)


def _enter(visit: Callable[..., Any], cookie: str, opened: ExitStack) -> Enter:
    def enter(*, signed_in: bool = True, **how: Any) -> Person:
        person: Person = opened.enter_context(visit(cookie=cookie if signed_in else "", **how))
        return person

    return enter


@pytest.fixture
def call(provider: Enter, client: Enter, meeting: Meeting) -> tuple[Person, Person]:
    """Provider and client in the room, seeing each other."""
    at_provider, at_client = provider(), client()
    at_client.go(f"{meeting.path}/visit")
    at_client.press("Enter waiting room")
    at_provider.go(f"{meeting.path}/visit")
    at_provider.press("Admit")
    for person, other in ((at_provider, PURPLE), (at_client, GREEN)):
        until(lambda person=person, other=other: person.sees(other), "picture of the other")
    return at_provider, at_client
