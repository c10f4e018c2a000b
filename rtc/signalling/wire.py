"""What is to go to one browser, in order, without ever making the room wait for a slow line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from rtc.signalling.messages import CloseCode, FromServer, encode

WAITING_BYTES_MAX = 1024 * 1024  # then the line is as good as dead; the browser comes back with its resume secret
GOODBYE_S = 5.0  # a browser that does not take its farewell within this is cut off


class WebsocketWire:
    """Sends over *socket* as long as :meth:`run` runs. *abort* ends the connection below without a word."""

    def __init__(self, socket: web.WebSocketResponse, abort: Callable[[], None]) -> None:
        self._socket = socket
        self._abort = abort
        self._waiting: deque[str] = deque()
        self._waiting_bytes = 0
        self._closing: CloseCode | None = None
        self._work = asyncio.Event()
        self._cut_off: asyncio.TimerHandle | None = None

    def send(self, message: FromServer) -> None:
        """Queue *message*; nothing once the wire is closing."""
        if self._closing is not None:
            return
        text = encode(message)
        self._waiting.append(text)
        self._waiting_bytes += len(text)
        if self._waiting_bytes > WAITING_BYTES_MAX:
            self._waiting.clear()
            self.close(CloseCode.SLOW)
        self._work.set()

    def close(self, code: CloseCode) -> None:
        """Close after what is queued; the first code counts."""
        if self._closing is None:
            self._closing = code
            self._work.set()
            self._cut_off = asyncio.get_running_loop().call_later(GOODBYE_S, self._abort)

    def cut(self) -> None:
        """End the connection below without a word."""
        self._abort()

    async def run(self) -> CloseCode:
        """Send until :meth:`close` was called and everything before it is sent. Returns its code."""
        try:
            while self._closing is None or self._waiting:
                await self._work.wait()
                self._work.clear()
                while self._waiting:
                    text = self._waiting.popleft()
                    await self._socket.send_str(text)
                    self._waiting_bytes -= len(text)
        except ConnectionError:
            return CloseCode.LEFT  # the browser is gone, and nobody will see the code
        return self._closing

    def rest(self) -> None:
        """The websocket is closed: there is nothing left to cut off."""
        if self._cut_off is not None:
            self._cut_off.cancel()
