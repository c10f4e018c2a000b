"""A call through the real server: two peers with other people's STUN, DTLS and SRTP."""

from __future__ import annotations

import pytest

from rtc.media.extensions import read_block
from rtc.media.rtp import RtpHeader, parse_header
from tests.rtc.transport.peer import GCM, SHA1, connected, media_server
from tests.rtc.transport.tracks import (
    DELTA,
    KEYFRAME,
    camera,
    heard,
    microphone,
    picture,
    seen,
    sound,
)


def split(packet: bytes) -> tuple[RtpHeader, bytes]:
    """(header, payload) of *packet*."""
    header = parse_header(packet)
    assert header is not None
    return header, packet[header.payload_offset :]


def elements(packet: bytes) -> list[tuple[int, bytes]]:
    """The header extensions of *packet*."""
    header, _ = split(packet)
    return read_block(
        header.extension_profile, packet[header.extension_offset : header.extension_offset + header.extension_bytes]
    )


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
        header, payload = split(got)
        assert (header.ssrc, header.payload_type, payload) == (2001, 109, b"hello")
        assert elements(got) == [(3, b"0"), (2, bytes([20]))]
        assert voice.audio_level() == 20

        speaker.peer.send_rtp(picture(1002, 7, DELTA))
        speaker.peer.send_rtp(picture(1002, 8, KEYFRAME))
        header, payload = split(await viewer.peer.next_rtp())
        assert (header.ssrc, header.payload_type, header.marker) == (2002, 120, True)
        assert payload == KEYFRAME  # a viewer's first picture is one that decodes
        assert viewer.peer.rtp.empty()


async def test_both_address_families_share_one_port() -> None:
    async with media_server(("127.0.0.1", "::1")) as server:
        hosts = server.candidates()
        assert [candidate.address for candidate in hosts] == ["127.0.0.1", "::1"]
        assert {candidate.port for candidate in hosts} == {server.port}
        assert hosts[0].priority > hosts[1].priority


async def test_order_gaps_and_time_are_kept() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        sent = [65_533, 65_534, 65_536, 65_535, 65_540]  # over the end of a round, one late, some lost
        for sequence in sent:
            speaker.peer.send_rtp(sound(1001, sequence))
        got = [split(await viewer.peer.next_rtp())[0] for _ in sent]
        assert [(header.sequence - got[0].sequence) & 0xFFFF for header in got] == [n - sent[0] for n in sent]
        assert [(header.timestamp - got[0].timestamp) & 0xFFFFFFFF for header in got] == [
            960 * (n - sent[0]) for n in sent
        ]


async def test_a_source_without_a_signalled_ssrc_is_found_by_its_mid() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        speaker.leg.receive(microphone(mid="5"))
        second = speaker.leg.receive(microphone(mid="6"))
        viewer.leg.send(second, heard(2001))
        speaker.peer.send_rtp(sound(77, 1, b"whose", mid="9"))
        speaker.peer.send_rtp(sound(77, 2, b"nobody's"))
        speaker.peer.send_rtp(sound(77, 3, b"mine", mid="6"))
        speaker.peer.send_rtp(sound(77, 4, b"still mine"))
        assert [split(await viewer.peer.next_rtp())[1] for _ in range(2)] == [b"mine", b"still mine"]


async def test_a_source_is_found_by_its_payload_type_where_only_one_has_it() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        speaker.leg.receive(camera())
        viewer.leg.send(speaker.leg.receive(microphone()), heard(2001))
        speaker.peer.send_rtp(sound(77, 1, b"hello"))
        assert split(await viewer.peer.next_rtp())[1] == b"hello"


async def test_taking_a_track_in_again_keeps_its_routes() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        source = speaker.leg.receive(microphone(1001))
        viewer.leg.send(source, heard(2001))
        assert speaker.leg.receive(microphone(1002)) is source
        speaker.peer.send_rtp(sound(1002, 9, b"other ssrc"))
        assert split(await viewer.peer.next_rtp())[1] == b"other ssrc"


async def test_what_is_closed_sends_nothing_more() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        voice = speaker.leg.receive(microphone(1001))
        face = speaker.leg.receive(camera(1002))
        route = viewer.leg.send(voice, heard(2001))
        viewer.leg.send(face, seen(2002))
        speaker.peer.send_rtp(sound(1001, 1))
        await viewer.peer.next_rtp()
        route.close()
        route.close()
        speaker.peer.send_rtp(sound(1001, 2))
        await speaker.peer.send_check()  # once it is answered, what was sent before has been read
        face.close()
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        await speaker.peer.send_check()
        viewer.leg.send(voice, heard(2003))
        speaker.peer.send_rtp(sound(1001, 3))
        assert split(await viewer.peer.next_rtp())[0].ssrc == 2003
        assert viewer.peer.rtp.empty()


async def test_one_viewer_who_goes_leaves_the_others_their_call() -> None:
    async with (
        media_server() as server,
        connected(server) as speaker,
        connected(server) as one,
        connected(server) as other,
    ):
        voice = speaker.leg.receive(microphone(1001))
        one.leg.send(voice, heard(2001))
        other.leg.send(voice, heard(3001))
        one.leg.close()
        one.peer.close_socket()  # the network answers what is still sent there with an ICMP error
        for sequence in range(5):
            speaker.peer.send_rtp(sound(1001, sequence))
        assert [split(await other.peer.next_rtp())[0].ssrc for _ in range(5)] == [3001] * 5
