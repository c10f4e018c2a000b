"""Who may use the control socket.

Its mode cannot say it: nginx's workers are in the portal's group, as they reach the signalling socket beside it. Who
takes over one of them, which read what strangers send, must not end visits or fetch events.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from core.errors import Unavailable

_CREDENTIALS = struct.Struct("3i")  # process, user and group id (struct ucred, unix(7))

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def callers(portal: str) -> frozenset[int]:
    """Ids of the accounts that may: *portal*'s (empty: this one's), this one's, and root's. Unavailable without it."""
    try:
        asking = {pwd.getpwnam(portal).pw_uid} if portal else set[int]()
    except KeyError as e:
        raise Unavailable(f"users.portal names {portal!r}, and there is no such account.") from e
    return frozenset({0, os.geteuid(), *asking})


def only(accounts: frozenset[int]) -> Middleware:
    """A middleware that turns every other account away, by what the kernel says of the caller (SO_PEERCRED)."""

    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _account(request) not in accounts:
            raise web.HTTPForbidden(reason="The control socket is for the portal.")
        return await handler(request)

    return judge


def _account(request: web.Request) -> int | None:
    opened = request.transport.get_extra_info("socket") if request.transport else None
    if opened is None:
        return None
    answer = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(answer)[1])
