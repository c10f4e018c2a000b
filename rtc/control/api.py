"""The control socket's HTTP calls (rtc/CONTROL.md): what the portal may ask and order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from core.errors import Invalid, NotFound, WellhouseError
from rtc.control.callers import only
from rtc.rooms.moment import Moment
from rtc.rooms.rooms import Rooms
from rtc.rooms.spool import Spool
from rtc.transport.interface import Media

WAIT_S_MAX = 25.0
_NUMBER_MAX = 2**53 - 1

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Health(msgspec.Struct, frozen=True):
    """*boot* is new at each start; *addresses* are those offered for media."""

    boot: str
    uptime_s: float
    rooms: int
    participants: int
    media_port: int
    addresses: tuple[str, ...]


class Inside(msgspec.Struct, frozen=True):
    """*joined_at* is Unix seconds; *connected* says whether there is a websocket now."""

    participant: str
    joined_at: float
    connected: bool


class RoomState(msgspec.Struct, frozen=True):
    room: str
    participants: tuple[Inside, ...]


class Problem(msgspec.Struct, frozen=True):
    error: str
    sentence: str


class Control:
    """The calls. *boot* names this start of the process, which was at *booted*; *accounts* may call."""

    def __init__(
        self,
        rooms: Rooms,
        spool: Spool,
        media: Media,
        *,
        boot: str,
        booted: Moment,
        media_port: int,
        accounts: frozenset[int],
        present: Callable[[], Moment] = Moment.present,
    ) -> None:
        self._rooms = rooms
        self._spool = spool
        self._media = media
        self._boot = boot
        self._booted = booted
        self._media_port = media_port
        self._accounts = accounts
        self._present = present

    def application(self) -> web.Application:
        """The aiohttp application with these calls."""
        app = web.Application(middlewares=[_problems, only(self._accounts)])
        app.router.add_get("/v1/health", self._health)
        app.router.add_get("/v1/rooms/{room}", self._room)
        app.router.add_delete("/v1/rooms/{room}", self._end)
        app.router.add_delete("/v1/rooms/{room}/participants/{participant}", self._remove)
        app.router.add_get("/v1/events", self._events)
        return app

    async def _health(self, _: web.Request) -> web.Response:
        addresses = tuple(dict.fromkeys(c.address for c in self._media.candidates()))
        uptime_s = round(self._present().tick - self._booted.tick, 3)
        return _json(
            Health(self._boot, uptime_s, len(self._rooms), self._rooms.participants, self._media_port, addresses)
        )

    async def _room(self, request: web.Request) -> web.Response:
        room = self._rooms.room(request.match_info["room"])
        inside = tuple(Inside(m.id, m.joined_at, m.connected) for m in room.members)
        return _json(RoomState(room.id, inside))

    async def _end(self, request: web.Request) -> web.Response:
        self._rooms.end(request.match_info["room"], self._present())
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.Response:
        self._rooms.remove(request.match_info["room"], request.match_info["participant"], self._present())
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.Response:
        after = _whole(request.query.get("after", "0"))
        wait_s = _seconds(request.query.get("wait_s", "0"))
        return _json(await self._spool.page(after, wait_s))


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except NotFound as e:
        return _json(Problem("not_found", e.sentence), status=404)
    except WellhouseError as e:
        return _json(Problem("invalid", e.sentence), status=400)
    except web.HTTPException as e:
        return _json(Problem("not_found" if e.status == 404 else "not_allowed", e.reason), status=e.status)


def _json(content: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(content), content_type="application/json")


def _whole(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= _NUMBER_MAX:
        return int(text)
    raise Invalid("after must be the number of the last event that was fetched.", field="after")


def _seconds(text: str) -> float:
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = -1.0
    if 0 <= wait_s <= WAIT_S_MAX:
        return wait_s
    raise Invalid("wait_s must lie between 0 and 25.", field="wait_s")
