"""Addresses of this machine that come and go while the media server runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.settings import Rtc, Settings
from rtc import __main__ as process
from rtc.transport.server import GONE_MOST
from tests.rtc.transport.peer import Peer, Watcher, connected, media_server
from tests.rtc.transport.tracks import heard, microphone, sound


def offered(leg_or_server: object) -> list[str]:
    return [candidate.address for candidate in leg_or_server.candidates]  # type: ignore[attr-defined]


async def test_an_address_that_comes_later_is_offered_and_carries_calls() -> None:
    async with media_server(("127.0.0.1",)) as server, connected(server) as speaker:
        server.set_addresses(("127.0.0.1", "127.0.0.2"))
        leg = server.open_leg(Watcher())
        assert offered(leg.local) == ["127.0.0.1", "127.0.0.2"]
        assert {candidate.port for candidate in leg.local.candidates} == {server.port}
        viewer = Peer()
        leg.accept(viewer.remote)
        viewer.local = leg.local
        await viewer.open(candidate=1)
        await viewer.send_check()
        viewer.begin_handshake()
        await viewer.finish_handshake()
        leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        speaker.peer.send_rtp(sound(1001, 1, b"both"))
        assert (await viewer.next_rtp()).endswith(b"both")


async def test_an_address_that_goes_is_no_longer_offered_and_may_come_back() -> None:
    async with media_server(("127.0.0.2", "127.0.0.1")) as server, connected(server) as speaker:
        server.set_addresses(("127.0.0.1",))
        assert offered(server.open_leg(Watcher()).local) == ["127.0.0.1"]
        await speaker.peer.send_check()
        server.set_addresses(("127.0.0.1", "127.0.0.2"))
        assert offered(server.open_leg(Watcher()).local) == ["127.0.0.1", "127.0.0.2"]
        await speaker.peer.send_check()


async def test_an_address_that_is_not_there_yet_is_left_out() -> None:
    async with media_server() as server:
        server.set_addresses(("127.0.0.1", "192.0.2.200"))
        assert offered(server.open_leg(Watcher()).local) == ["127.0.0.1"]


async def test_addresses_of_years_do_not_stay_open() -> None:
    async with media_server() as server:
        peers = []
        for day in range(2, GONE_MOST + 5):
            server.set_addresses(("127.0.0.1", f"127.0.0.{day}"))
            leg, peer = server.open_leg(Watcher()), Peer()
            leg.accept(peer.remote)
            peer.local = leg.local
            await peer.open(candidate=1)
            peers.append(peer)
        assert not await peers[0].is_answered(peers[0].check())
        assert await peers[-1].is_answered(peers[-1].check())


@pytest.mark.parametrize("configured", [(), ("127.0.0.1",)])
async def test_interfaces_are_looked_at_unless_addresses_are_configured(
    configured: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOOK_AT_INTERFACES_EVERY_S", 0.0)
    found = ["127.0.0.1"]
    monkeypatch.setattr(process, "media_addresses", lambda _: tuple(found))
    settings = replace(Settings(), rtc=Rtc(addresses=configured))
    async with media_server() as server:
        following = asyncio.create_task(process._follow_interfaces(settings, server))
        await asyncio.sleep(0)
        found.append("127.0.0.3")
        for _ in range(20):
            await asyncio.sleep(0)
        assert offered(server.open_leg(Watcher()).local) == ["127.0.0.1", *([] if configured else ["127.0.0.3"])]
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
