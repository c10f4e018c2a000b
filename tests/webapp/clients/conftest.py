"""A clock that the test holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.clock import utcnow
from webapp.access import guard
from webapp.clients import emergency_routes, family_routes, registration_routes, routes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], datetime]:
    """Call it to let time pass for the portal's judgement about clients."""
    now = [utcnow()]
    for module in (guard, routes, emergency_routes, family_routes, registration_routes):
        monkeypatch.setattr(module, "utcnow", lambda: now[0])

    def pass_by(more: timedelta) -> datetime:
        now[0] += more
        return now[0]

    return pass_by
