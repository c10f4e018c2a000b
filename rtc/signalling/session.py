"""One websocket: the hello, then messages until it closes (rtc/PROTOCOL.md)."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable

from aiohttp import WSMsgType, web

from core.errors import Invalid
from core.log import EventLog
from rtc.rooms.moment import Moment
from rtc.signalling.messages import CloseCode, Error, ErrorId, decode
from rtc.signalling.rate import Verdict
from rtc.signalling.reception import HelloRefused, Reception
from rtc.signalling.visitor import Visitor
from rtc.signalling.wire import WebsocketWire

log = EventLog(__name__)

HELLO_S = 10.0
SILENCE_S = 20.0  # four pings
FAREWELL_S = 2.0  # for a browser to answer our close frame
UNDER_WAY_MAX = 64  # messages that are read meanwhile; a browser has a few pings on the way
TALK = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)  # the rest is the end


class Closed(Exception):
    """The websocket is closed or silent: nothing more will come."""


class Session:
    """Reads what comes over *socket*. *present* tells the time; *inside* is called when the hello was a good one."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        wire: WebsocketWire,
        reception: Reception,
        present: Callable[[], Moment],
        inside: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._reception = reception
        self._present = present
        self._inside = inside

    async def run(self) -> None:
        """Until the websocket is closed."""
        reading = asyncio.create_task(self._read())
        reading.add_done_callback(lambda _: self._wire.close(CloseCode.LEFT))  # if it was not closed for a reason
        try:
            code = await self._wire.run()
        finally:
            # Only one may read a websocket at a time, and the farewell is read below.
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        try:
            await self._say_goodbye(code)
        finally:
            self._wire.rest()

    async def _say_goodbye(self, code: CloseCode) -> None:
        """Our close frame; then what was under way is read and forgotten, until the browser's comes."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self._socket.send_frame(code.to_bytes(2, "big"), WSMsgType.CLOSE)
            async with asyncio.timeout(FAREWELL_S):
                for _ in range(UNDER_WAY_MAX):
                    message = await self._socket.receive()
                    if message.type not in TALK:
                        return
                    await asyncio.sleep(0)

    async def _read(self) -> None:
        visitor = await self._greet()
        if visitor is not None:
            self._inside()
            await self._converse(visitor)

    async def _greet(self) -> Visitor | None:
        try:
            async with asyncio.timeout(HELLO_S):
                hello = decode(await self._receive(HELLO_S))
            return self._reception.welcome(hello, self._wire, self._present())
        except (Invalid, TimeoutError):
            refusal = HelloRefused(ErrorId.HELLO_EXPECTED, "The first message must be a hello. Please reload the page.")
        except HelloRefused as e:
            refusal = e
        except Closed:
            return None
        log.info("hello.refused", why=refusal.error)
        self._wire.send(Error(refusal.error, refusal.sentence))
        self._wire.close(CloseCode.REFUSED)
        return None

    async def _converse(self, visitor: Visitor) -> None:
        try:
            while True:
                self._take(visitor, await self._receive(SILENCE_S))
                # Media wait for their turn on the same loop: what has come in one go is not taken in one go.
                await asyncio.sleep(0)
        except Closed:
            pass
        except TimeoutError:
            self._wire.close(CloseCode.SILENT)
        except Exception as e:  # noqa: BLE001  # containment: one participant's trouble must not reach the others
            # Without its text, which could hold what the browser sent.
            where = traceback.extract_tb(e.__traceback__)[-1]
            log.warning(
                "session.failed", participant=visitor.member.id, error=type(e).__name__, where=f"{where[0]}:{where[1]}"
            )
            self._wire.close(CloseCode.TROUBLE)
        finally:
            visitor.detach(self._wire, self._present())

    async def _receive(self, within_s: float) -> str:
        """The next text; what is no text is an empty one, which no message is."""
        message = await self._socket.receive(timeout=within_s)
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        if message.type in TALK:
            return ""
        raise Closed

    def _take(self, visitor: Visitor, text: str) -> None:
        moment = self._present()
        match visitor.rate.judge(moment.tick):
            case Verdict.TAKE:
                try:
                    visitor.handle(decode(text), self._wire, moment)
                except Invalid as e:
                    self._wire.send(Error(ErrorId.MESSAGE_MALFORMED, e.sentence))
            case Verdict.DROP_AND_SAY:
                self._wire.send(Error(ErrorId.MESSAGE_RATE, "That was too much at once; some of it was not taken."))
            case Verdict.CLOSE:
                self._wire.close(CloseCode.FLOOD)
            case Verdict.DROP:
                pass
