"""The HTTP side of signalling: one path, open to the site's own pages only."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from rtc.rooms.moment import Moment
from rtc.signalling.doorstep import Doorstep
from rtc.signalling.messages import MESSAGE_BYTES_MAX, CloseCode
from rtc.signalling.reception import Reception
from rtc.signalling.session import Session
from rtc.signalling.wire import WebsocketWire

PATH = "/rtc/v1"
SOCKETS_MAX = 2000  # open websockets; beyond this the box is under attack or far too small
# Somewhat above the protocol's limit, so that a message just beyond it gets a sentence and not a closed line.
FRAME_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
CUT_OFF_S = 0.001  # what aiohttp still reads of a websocket that the session is through with


def application(
    reception: Reception, origins: frozenset[str], present: Callable[[], Moment] = Moment.present
) -> web.Application:
    """The aiohttp application; on its shutdown the websockets are closed with 1001, and people may resume elsewhere."""
    wires: set[WebsocketWire] = set()
    doorstep = Doorstep()

    async def visit(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") not in origins:
            return web.Response(status=403, text="Visits open from the pages of this site only.\n")
        if len(wires) >= SOCKETS_MAX:
            return web.Response(status=503, text="There are too many visits at this moment. Please try again.\n")
        # Pings and farewells are the session's to answer: aiohttp would do so for all that has come in one go, and
        # media wait for their turn on the same loop. Browsers send no pings of websockets.
        socket = web.WebSocketResponse(
            max_msg_size=FRAME_BYTES_MAX, compress=False, timeout=CUT_OFF_S, autoping=False, autoclose=False
        )
        await socket.prepare(request)
        wire = WebsocketWire(socket, _cut(request))
        wires.add(wire)
        # nginx writes it anew, so that nobody can claim another's.
        doorstep.enter(wire, request.headers.get("X-Forwarded-For", ""))
        try:
            await Session(socket, wire, reception, present, lambda: doorstep.leave(wire)).run()
        finally:
            doorstep.leave(wire)
            wires.discard(wire)
            if request.transport is not None:
                request.transport.close()
        return socket

    async def close_all(_: web.Application) -> None:
        for wire in wires:
            wire.close(CloseCode.STOPPING)

    app = web.Application()
    app.router.add_get(PATH, visit)
    app.on_shutdown.append(close_all)
    return app


def _cut(request: web.Request) -> Callable[[], None]:
    def cut() -> None:
        if request.transport is not None:
            request.transport.abort()

    return cut
