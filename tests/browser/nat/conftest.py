"""One clinic behind its router, and three browsers around it, for all tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.browser.nat import clinic as clinics
from tests.browser.nat import guests
from tests.browser.nat.clinic import Clinic
from tests.browser.visit.meeting import Meeting


@pytest.fixture(scope="session")
def clinic() -> Iterator[Clinic]:
    with tempfile.TemporaryDirectory(prefix="wh-") as name, clinics.clinic(Path(name)) as up:
        yield up


@pytest.fixture
def around(
    clinic: Clinic, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    with guests.browsers(clinic, playwright, tmp_path_factory.mktemp("cameras")) as opened:
        yield opened


@pytest.fixture
def meeting(clinic: Clinic) -> Iterator[Meeting]:
    with guests.meeting(clinic) as made:
        yield made
