"""The clock: codes from authenticator apps, entries to visits and appointments all go by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, unless_demo, warning
from appliance.kernel_clock import synchronised

_EARLIEST_YEAR = 2026  # this program did not exist before


def check(box: Box, at: datetime) -> Iterator[Finding]:
    if at.year < _EARLIEST_YEAR:
        yield error(f"The clock says {at:%Y-%m-%d}.", "Set it: timedatectl set-ntp true")
    elif synchronised():
        yield ok("The clock is kept by a time server.")
    else:
        finding = warning(
            "No time server keeps the clock right.", "Install one: apt install systemd-timesyncd or chrony"
        )
        yield unless_demo(finding, demo=box.settings.site.demo)
