"""Whether something keeps the kernel's clock. Standard library only, like all that the installation asks beforehand."""

from __future__ import annotations

import ctypes
import os

STA_UNSYNC = 0x0040  # adjtimex(2)
TIME_ERROR = 5
_TIMEX_BYTES = 256  # struct timex has 208 on 64-bit Linux
_STATUS_OFFSET = 40  # modes (4, padded to 8), offset, freq, maxerror, esterror (8 each), status


def synchronised() -> bool:
    """Whether the kernel's clock is disciplined, whoever does it; asking needs no rights."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(buffer)
    if state < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "adjtimex")
    status = ctypes.c_int.from_buffer(buffer, _STATUS_OFFSET).value
    return state != TIME_ERROR and not status & STA_UNSYNC
