"""The appliance and the browser of the account tests, and a provider with a client."""

from __future__ import annotations

from tests.browser.account.conftest import Arrive, Somebody, arrive, chromium, database

__all__ = ["Arrive", "Somebody", "arrive", "chromium", "database"]
