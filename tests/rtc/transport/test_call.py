"""A call through the real server: two peers with other people's STUN, DTLS and SRTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from rtc.media.extensions import read_block
from rtc.media.rtp import parse_header
from rtc.transport.leg import MediaLeg
from rtc.transport.server import MediaServer
from tests.rtc.transport.peer import GCM, SHA1, Peer, Watcher, media_server
from tests.rtc.transport.tracks import DELTA, KEYFRAME, camera, heard, microphone, picture, seen, sound


@dataclass
class Connected:
    peer: Peer
    leg: MediaLeg
    watcher: Watcher


@asynccontextmanager
async def connected(server: MediaServer, profiles: str = f"{GCM}:{SHA1}") -> AsyncIterator[Connected]:
    """A leg with its peer, after the handshake."""
    watcher = Watcher()
    leg = server.open_leg(watcher)
    peer = Peer(profiles)
    leg.accept(peer.remote)
    try:
        await peer.connect(leg.local)
        await asyncio.wait_for(watcher.connected.wait(), 2)
        yield Connected(peer, leg, watcher)
    finally:
        peer.close_socket()


@pytest.mark.parametrize(("offered", "chosen"), [(f"{SHA1}:{GCM}", GCM), (SHA1, SHA1)])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_sound_and_picture_reach_the_viewer(address: str, offered: str, chosen: str) -> None:
    async with (
        media_server((address,)) as server,
        connected(server, offered) as speaker,
        connected(server, offered) as viewer,
    ):
        assert speaker.peer.selected == chosen
        voice = speaker.leg.receive(microphone(1001))
        face = speaker.leg.receive(camera(1002))
        viewer.leg.send(voice, heard(2001))
        viewer.leg.send(face, seen(2002))

        speaker.peer.send_rtp(sound(1001, 500, b"hello", level=20))
        got = await viewer.peer.next_rtp()
        header = parse_header(got)
        assert header is not None
        assert (header.ssrc, header.payload_type) == (2001, 109)
        assert got[header.payload_offset :] == b"hello"
        block = got[header.extension_offset : header.extension_offset + header.extension_bytes]
        assert read_block(header.extension_profile, block) == [(3, b"0"), (2, bytes([20]))]
        assert voice.audio_level() == 20

        speaker.peer.send_rtp(picture(1002, 7, DELTA))
        speaker.peer.send_rtp(picture(1002, 8, KEYFRAME))
        got = await viewer.peer.next_rtp()
        header = parse_header(got)
        assert header is not None
        assert (header.ssrc, header.payload_type, header.marker) == (2002, 120, True)
        assert got[header.payload_offset :] == KEYFRAME
        assert viewer.peer.rtp.empty()
