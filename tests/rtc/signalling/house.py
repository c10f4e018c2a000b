"""A media server on sockets of its own, the portal's key, and browsers that speak to it."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import grant_keys
from core.grants import Grant, Kind, Right, sign
from core.ids import new_id
from core.settings import Settings, parse
from rtc.serving import serving
from rtc.signalling.sdp import parse as parse_sdp
from rtc.transport.interface import Candidate, LocalParameters
from rtc.transport.server import MediaServer
from tests.rtc.signalling import texts
from tests.rtc.transport.peer import Peer, media_server

ORIGIN = "https://clinic.example"
KEY_ID = "key-1"
PATIENCE_S = 5.0


@dataclass
class House:
    """Where the server of one test lives."""

    folder: Path
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    participants_max: int = 4

    def __post_init__(self) -> None:
        for name in ("etc", "data", "keys", "run", "log"):
            (self.folder / name).mkdir()
        self.write_keys({KEY_ID: self.key})

    def write_keys(self, keys: dict[str, Ed25519PrivateKey]) -> None:
        public = {key_id: key.public_key() for key_id, key in keys.items()}
        self.settings.paths.grant_keys.write_text(grant_keys.dump(public))

    @property
    def table(self) -> dict[str, dict[str, object]]:
        """What wellhouse.toml says."""
        return {
            "site": {"hostname": "clinic.example"},
            "paths": {name: str(self.folder / name) for name in ("etc", "data", "keys", "run", "log")},
            "rtc": {"addresses": ["127.0.0.1"], "participants_max": self.participants_max},
        }

    @property
    def settings(self) -> Settings:
        return parse(self.table)

    def grant(self, participant: str, room: str = "room-1", **changes: Any) -> str:
        """A good grant, but for *changes*; ``key`` signs it."""
        now = int(time.time())
        fields: dict[str, Any] = {
            "id": str(new_id()),
            "kind": Kind.ROOM,
            "key": KEY_ID,
            "room": room,
            "participant": participant,
            "leg": "5e55",
            "rights": (Right.PUBLISH, Right.SUBSCRIBE),
            "issued_at": now,
            "expires_at": now + 60,
        }
        return sign(Grant(**(fields | changes)), self.key)


@contextlib.contextmanager
def house(**options: Any) -> Any:
    """A house in a folder whose sockets have short names."""
    with tempfile.TemporaryDirectory(prefix="wh") as folder:
        yield House(Path(folder), **options)


class Browser:
    """A page's half of signalling over a real websocket, with a network half for each connection."""

    def __init__(self, sockets: aiohttp.ClientSession) -> None:
        self._sockets = sockets
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.publish_peer = Peer()
        self.subscribe_peer = Peer()
        self.resume_secret = ""
        self._early: list[dict[str, Any]] = []

    @property
    def socket(self) -> aiohttp.ClientWebSocketResponse:
        assert self._socket is not None
        return self._socket

    async def connect(self, address: str = "192.0.2.1") -> None:
        """Open a websocket, as nginx does for somebody at *address*."""
        self._early.clear()
        headers = {"Origin": ORIGIN, "X-Forwarded-For": address}
        self._socket = await self._sockets.ws_connect("http://rtc/rtc/v1", headers=headers)

    async def hello(self, **credentials: str) -> dict[str, Any]:
        """Say hello on a new websocket; the answer."""
        await self.connect()
        await self.send(type="hello", version=1, **credentials)
        answer = await self.next()
        self.resume_secret = answer.get("resume", self.resume_secret)
        return answer

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        """The next message; AssertionError if the websocket closes instead."""
        if self._early:
            return self._early.pop(0)
        message = await self.socket.receive(timeout=PATIENCE_S)
        assert message.type is aiohttp.WSMsgType.TEXT, f"closed with {self.socket.close_code}"
        decoded: dict[str, Any] = json.loads(message.data)
        return decoded

    async def expect(self, kind: str) -> dict[str, Any]:
        """The next message of this type; others are passed over."""
        while (message := await self.next())["type"] != kind:
            pass
        return message

    async def settle(self) -> None:
        """Until the server has done all that was asked of it. What it says meanwhile is kept for later."""
        await self.send(type="ping", number=99)
        said = []
        while (message := await self.next())["type"] != "pong":
            said.append(message)
        self._early = said

    async def quiet(self) -> list[dict[str, Any]]:
        """All that the server has said and that was not read yet."""
        await self.settle()
        said, self._early = self._early, []
        return said

    async def closed(self) -> int | None:
        """The close code, when the server closes."""
        while not self.socket.closed:
            await self.socket.receive(timeout=PATIENCE_S)
        return self.socket.close_code

    async def drop(self) -> None:
        """Lose the websocket without a word."""
        self.socket._response.connection.transport.abort()  # type: ignore[union-attr]  # there is no public way to be rude

    # Media

    async def publish(self, *names: str, ssrc: int = 1001) -> dict[str, Any]:
        """Offer these sources; the server's reply."""
        kinds = ["audio" if name == "microphone" else "video" for name in names]
        sdp = texts.chrome_offer(self.publish_peer.remote, kinds, ssrc)
        await self.send(type="publish", sdp=sdp, tracks=[{"mid": str(n), "source": s} for n, s in enumerate(names)])
        while (message := await self.next())["type"] not in ("published", "error", "renew"):
            pass
        return message

    async def answer(self, offer: dict[str, Any]) -> None:
        """Agree to a subscribe offer."""
        sdp = texts.answer(offer["sdp"], self.subscribe_peer.remote)
        await self.send(type="subscribed", number=offer["number"], sdp=sdp)
        await self.settle()


def local_parameters(sdp: str) -> LocalParameters:
    """Where and as whom the server of this description is to be reached."""
    remote = parse_sdp(sdp, sections_max=100).remote()
    found = re.findall(r"a=candidate:\d+ 1 udp (\d+) (\S+) (\d+) typ (\w+)", sdp)
    candidates = tuple(Candidate(address, int(port), int(priority), kind) for priority, address, port, kind in found)
    return LocalParameters(remote.ice_ufrag, remote.ice_pwd, remote.fingerprints[0][1], candidates)


@contextlib.asynccontextmanager
async def browsers(place: House, count: int) -> AsyncIterator[Sequence[Browser]]:
    """Browsers that reach the signalling socket of *place*."""
    connector = aiohttp.UnixConnector(str(place.settings.paths.signalling_socket))
    async with aiohttp.ClientSession(connector=connector) as sockets:
        made = [Browser(sockets) for _ in range(count)]
        try:
            yield made
        finally:
            for browser in made:
                browser.publish_peer.close_socket()
                browser.subscribe_peer.close_socket()


@contextlib.asynccontextmanager
async def open_house(count: int, **options: Any) -> AsyncIterator[tuple[House, MediaServer, Sequence[Browser]]]:
    """A house with its server running in this process, and *count* browsers."""
    with house(**options) as place:
        async with media_server() as media, serving(place.settings, media), browsers(place, count) as made:
            yield place, media, made


async def control(place: House, method: str, path: str) -> tuple[int, Any]:
    """A call on the control socket: status and decoded answer."""
    connector = aiohttp.UnixConnector(str(place.settings.paths.control_socket))
    async with (
        aiohttp.ClientSession(connector=connector) as sockets,
        sockets.request(method, f"http://rtc{path}") as response,
    ):
        body = await response.read()
        return response.status, json.loads(body) if body else None
