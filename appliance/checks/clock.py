"""The clock: codes from authenticator apps, entries to visits and appointments all go by it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from datetime import datetime

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, unless_demo, warning

STA_UNSYNC = 0x0040  # adjtimex(2)
TIME_ERROR = 5
_TIMEX_BYTES = 256  # struct timex has 208 on 64-bit Linux
_STATUS_OFFSET = 40  # modes (4, padded to 8), offset, freq, maxerror, esterror (8 each), status

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


def synchronised() -> bool:
    """Whether the kernel's clock is disciplined, whoever does it; asking needs no rights."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(buffer)
    if state < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "adjtimex")
    status = ctypes.c_int.from_buffer(buffer, _STATUS_OFFSET).value
    return state != TIME_ERROR and not status & STA_UNSYNC
