"""The clinic's address on the Internet, where it is given as a name because the line's address changes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from core.log import EventLog

log = EventLog(__name__)

LOOK_EVERY_S = 60.0  # the life of the names that follow changing lines; running calls go on over ICE restarts


async def follow(name: str, take: Callable[[str], None]) -> None:
    """Resolve *name* again and again, until cancelled; *take* is given each new address. No third party is asked."""
    known = ""
    while True:
        found = await _resolve(name)
        if found and found != known:
            log.info("public_address.changed")
            known = found
            take(found)
        await asyncio.sleep(LOOK_EVERY_S)


async def _resolve(name: str) -> str:
    """Its IPv4 address, as only those are behind routers that forward ports; an empty string if there is none now."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as e:
        log.warning("public_address.unknown", why=str(e))
        return ""
    return str(found[0][4][0])
