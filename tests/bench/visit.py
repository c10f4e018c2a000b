"""The whole appliance with two people on their way into one visit: what a bench of a call begins with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.visit.box import Box, running
from tests.browser.visit.meeting import Meeting, make_meeting
from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import Person, launch, visiting
from webapp.app import prepare
from webapp.db.database import db


@dataclass(frozen=True)
class Visit:
    """A meeting of two: the provider, who sends green, and the client, who sends purple."""

    box: Box
    meeting: Meeting
    provider: Person
    client: Person


@contextmanager
def visit_of_two(*, client_path: str = "direct", script: str = "") -> Iterator[Visit]:
    """Both have a browser of their own with no page open yet; *client_path* is how the client's media may go."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "box") as box, sync_playwright() as playwright:
        prepare(box.settings)
        db.connect(reuse_if_open=True)
        meeting = make_meeting(box.settings)
        green, purple = (launch(playwright, sends, Path(folder)) for sends in (GREEN, PURPLE))
        with (
            visiting(green, box.url, GREEN, cookie=meeting.provider.cookie, script=script) as provider,
            visiting(purple, box.url, PURPLE, cookie=meeting.client.cookie, path=client_path, script=script) as client,
        ):
            yield Visit(box, meeting, provider, client)
        for browser in (green, purple):
            browser.close()
        db.close()
        db.obj.close_all()
