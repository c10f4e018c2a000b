"""Memory of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import psutil

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, warning

ENOUGH_BYTES = 400 * 1024**2  # the whole appliance at rest, once more
TOO_LITTLE_BYTES = 100 * 1024**2


def check(_box: Box, _at: datetime) -> Iterator[Finding]:
    available = psutil.virtual_memory().available
    amount = f"{available / 1024**2:.0f} MB"
    then = "Give the machine more memory, or find what else runs on it: ps aux --sort=-rss | head"
    if available < TOO_LITTLE_BYTES:
        yield error(f"Only {amount} of memory is left: parts may be ended by the system.", then)
    elif available < ENOUGH_BYTES:
        yield warning(f"{amount} of memory is left.", then)
    else:
        yield ok(f"{amount} of memory is free.")
