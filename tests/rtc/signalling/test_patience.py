"""Browsers that say nothing, and browsers that do not listen."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json

import aiohttp
import pytest
from aiohttp import web

from rtc.signalling import session, wire
from rtc.signalling.messages import CloseCode, Pong, Speaking
from rtc.signalling.rate import BURST, PATIENCE, PER_SECOND, MessageRate, Verdict
from rtc.signalling.wire import WAITING_BYTES_MAX, WebsocketWire
from tests.rtc.signalling.house import ORIGIN, House, house, open_house

UPGRADE = (
    b"GET /rtc/v1 HTTP/1.1\r\nHost: rtc\r\nOrigin: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def test_websocket_without_hello_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HELLO_S", 0.05)
    async with open_house(1) as (_, _, (browser,)):
        await browser.connect()
        assert (await browser.next())["id"] == "hello.expected"
        assert await browser.closed() == 4001


async def test_silent_websocket_is_closed_and_may_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SILENCE_S", 0.3)
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        assert await anna.closed() == 4000
        assert (await anna.hello(resume=anna.resume_secret))["resumed"] is True


async def serve(place: House, talk: int) -> tuple[web.AppRunner, asyncio.Future[CloseCode]]:
    """A websocket that is told *talk* bytes at once and then goodbye; the future is how the wire ended."""
    ended: asyncio.Future[CloseCode] = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        speaking = WebsocketWire(socket, request.transport.abort)
        message = Speaking(("x" * 1000,))
        for _ in range(talk // 1000):
            speaking.send(message)
        speaking.close(CloseCode.LEFT)
        speaking.send(Pong(1))
        ended.set_result(await speaking.run())
        await socket.close(code=ended.result())
        speaking.rest()
        return socket

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    place.settings.paths.signalling_socket.parent.mkdir()
    await web.UnixSite(runner, str(place.settings.paths.signalling_socket)).start()
    return runner, ended


async def test_everything_said_before_goodbye_arrives_and_nothing_after() -> None:
    with house() as place:
        runner, _ = await serve(place, 100_000)
        connector = aiohttp.UnixConnector(str(place.settings.paths.signalling_socket))
        async with aiohttp.ClientSession(connector=connector) as sockets, sockets.ws_connect("http://rtc/") as socket:
            kinds = [json.loads(message.data)["type"] async for message in socket]
            assert kinds == ["speaking"] * 100
            assert socket.close_code == 1000
        await runner.cleanup()


async def test_browser_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "GOODBYE_S", 0.1)
    with house() as place:
        runner, ended = await serve(place, WAITING_BYTES_MAX - 100_000)
        reader, writer = await asyncio.open_unix_connection(str(place.settings.paths.signalling_socket), limit=1000)
        writer.write(UPGRADE.replace(b"/rtc/v1", b"/") % b"")
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.wait_for(ended, 5)
        writer.close()
        await runner.cleanup()


async def test_too_much_waiting_gives_the_line_up() -> None:
    with house() as place:
        runner, ended = await serve(place, WAITING_BYTES_MAX + 100_000)
        connector = aiohttp.UnixConnector(str(place.settings.paths.signalling_socket))
        async with aiohttp.ClientSession(connector=connector) as sockets, sockets.ws_connect("http://rtc/") as socket:
            assert [message async for message in socket] == []
            assert socket.close_code == CloseCode.SLOW
        assert await ended is CloseCode.SLOW
        await runner.cleanup()


def frames(opcode: int, count: int, payload: bytes = b"") -> bytes:
    """*count* frames of a client, all alike, masked with zeros."""
    return (bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload) * count


@pytest.mark.parametrize("opcode", [1, 2, 9, 10])
async def test_stranger_who_floods_a_websocket_is_cut_off(opcode: int) -> None:
    async with open_house(0) as (place, _, _):
        reader, writer = await asyncio.open_unix_connection(str(place.settings.paths.signalling_socket))
        writer.write(UPGRADE % ORIGIN.encode())
        await reader.readuntil(b"\r\n\r\n")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 50_000_000:
                writer.write(frames(opcode, 10_000))
                sent += 10_000 * 6
                await writer.drain()
        assert sent < 2_000_000  # what the buffers between the two hold
        assert len(await heard_until_the_end(reader)) < 200  # an error and a close, and no ten thousand pongs
        writer.close()


async def heard_until_the_end(reader: asyncio.StreamReader) -> bytes:
    heard = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            heard += part
    return heard


async def test_everybody_else_gets_a_turn_between_two_messages_of_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = 0
    seen: list[int] = []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    judge = MessageRate.judge

    def watched(rate: MessageRate, tick: float) -> Verdict:
        seen.append(turns)
        return judge(rate, tick)

    monkeypatch.setattr(MessageRate, "judge", watched)
    async with open_house(1) as (place, _, (anna,)):
        await anna.hello(grant=place.grant("anna"))
        task = asyncio.create_task(others())
        anna.socket._response.connection.transport.write(frames(1, 5000, b"{}"))  # type: ignore[union-attr]  # as one piece
        assert await anna.closed() == CloseCode.FLOOD
        task.cancel()
        assert BURST + PATIENCE < len(seen) < BURST + 2 * PATIENCE
        assert all(later > earlier for earlier, later in itertools.pairwise(seen))


def verdicts(rate: MessageRate, count: int, every_s: float, start: float = 0.0) -> list[Verdict]:
    return [rate.judge(start + n * every_s) for n in range(count)]


def test_twenty_a_second_are_taken_for_ever() -> None:
    assert set(verdicts(MessageRate(0.0), 5000, 1 / PER_SECOND)) == {Verdict.TAKE}


def test_burst_is_taken_and_what_exceeds_it_is_dropped_with_one_word() -> None:
    seen = verdicts(MessageRate(0.0), int(BURST) + 20, 0.0)
    assert seen == [Verdict.TAKE] * int(BURST) + [Verdict.DROP_AND_SAY] + [Verdict.DROP] * 19


def test_flood_that_goes_on_is_closed_and_one_that_ends_is_forgiven() -> None:
    assert Verdict.CLOSE in verdicts(MessageRate(0.0), int(BURST + PATIENCE) + 1, 0.0)
    rate = MessageRate(0.0)
    for pause in range(20):
        assert Verdict.CLOSE not in verdicts(rate, int(BURST + PATIENCE / 2), 0.0, start=pause * 30.0)
