"""One Playwright and one appliance for everything that is tried in real browsers.

Playwright's synchronous interface keeps an event loop in this thread until it ends: a second one, and every other
test that runs a loop, would fail beside it. So it is started once, and `make test` runs this folder by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.browser.visit import box as boxes
from tests.browser.visit.box import Box


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """The whole appliance in a folder."""
    with boxes.running(tmp_path_factory.mktemp("box")) as running:
        yield running
