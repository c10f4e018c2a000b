"""Tracks that change, end and come back in the middle of a call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Conflict, Invalid, Unavailable
from rtc.dataplane.tables import WINDOWS_MOST
from rtc.media.rtcp import Nack, build_compound
from rtc.transport import server as server_module
from rtc.transport.candidates import make_candidates, own_addresses
from tests.rtc.transport.peer import HandClock, Watcher, connected, media_server
from tests.rtc.transport.tracks import DELTA, KEYFRAME, OPUS, VP8, camera, heard, microphone, picture, seen, sound


def number(packet: bytes) -> int:
    return int.from_bytes(packet[2:4], "big")


async def test_a_source_that_goes_on_under_another_ssrc_has_no_break_for_the_viewer() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(camera(1001, 1002)), seen(2002))
        speaker.peer.send_rtp(picture(1001, 50_000, KEYFRAME))
        first = await viewer.peer.next_rtp()
        speaker.peer.send_rtp(picture(1002, 9, KEYFRAME))  # the other one is still in use
        await speaker.peer.send_check()
        clock.now += 1
        speaker.peer.send_rtp(picture(1002, 10, DELTA))
        speaker.peer.send_rtp(picture(1002, 11, KEYFRAME))
        second = await viewer.peer.next_rtp()
        assert number(second) == number(first) + 1
        assert second.endswith(KEYFRAME)
        assert int.from_bytes(second[4:8], "big") > int.from_bytes(first[4:8], "big")


async def test_an_ssrc_that_is_sent_again_never_repeats_a_number() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        voice = speaker.leg.receive(microphone(1001))
        last = -1
        for sequence in range(5):
            viewer.leg.send(voice, heard(2001)).close()
            viewer.leg.send(voice, heard(2001))
            speaker.peer.send_rtp(sound(1001, sequence))
            got = number(await viewer.peer.next_rtp())
            assert last < 0 or got == last + 1
            last = got


async def test_a_track_that_comes_back_is_heard_and_its_old_packets_are_not() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        voice = speaker.leg.receive(microphone(1001))
        viewer.leg.send(voice, heard(2001))
        old = speaker.peer.protect_rtp(sound(1001, 1))
        speaker.peer.send_raw(old)
        await viewer.peer.next_rtp()
        voice.close()
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2002))
        speaker.peer.send_raw(old)
        speaker.peer.send_rtp(sound(1001, 2, b"new"))
        assert (await viewer.peer.next_rtp()).endswith(b"new")


async def test_many_tracks_one_after_the_other_do_not_wear_a_leg_out() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        for turn in range(2 * WINDOWS_MOST):
            voice = speaker.leg.receive(microphone(1000 + turn))
            viewer.leg.send(voice, heard(2000 + turn))
            speaker.peer.send_rtp(sound(1000 + turn, 1))
            await viewer.peer.next_rtp()
            voice.close()


async def test_a_changed_payload_type_is_followed() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        face = speaker.leg.receive(camera(1002))
        viewer.leg.send(face, seen(2002))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        first = await viewer.peer.next_rtp()
        changed = replace(camera(1002), codecs=(replace(VP8, payload_type=97),))
        assert speaker.leg.receive(changed) is face
        other_type = bytearray(picture(1002, 2))
        other_type[1] = other_type[1] & 0x80 | 97
        speaker.peer.send_rtp(bytes(other_type))
        second = await viewer.peer.next_rtp()
        assert (number(second), second[1] & 0x7F) == (number(first) + 1, 120)
        viewer.peer.send_rtcp(build_compound([Nack(9, 2002, (number(first),))]))  # rewritten by the rules of before
        await viewer.peer.send_check()
        assert viewer.peer.undecipherable == 0
        assert viewer.peer.rtp.empty()


async def test_a_codec_that_the_viewer_lacks_is_said() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        face = speaker.leg.receive(camera(1002))
        h264 = replace(seen(2002), codecs=(replace(VP8, name="H264"),))
        with pytest.raises(Invalid, match="cannot play"):
            viewer.leg.send(face, h264)
        with pytest.raises(Invalid, match="codecs"):
            speaker.leg.receive(replace(microphone(1001), codecs=()))
        route = viewer.leg.send(face, seen(2002))
        speaker.leg.receive(replace(camera(1002), codecs=(replace(VP8, name="H264"),)))
        assert route.closed


async def test_codecs_pair_by_name_whatever_their_case() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        upper = replace(microphone(1001), codecs=(replace(OPUS, name="OPUS"),))
        viewer.leg.send(speaker.leg.receive(upper), heard(2001))
        speaker.peer.send_rtp(sound(1001, 1))
        assert (await viewer.peer.next_rtp())[1] & 0x7F == 109


async def test_a_source_that_ended_cannot_be_sent() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        voice = speaker.leg.receive(microphone(1001))
        voice.close()
        voice.close()
        voice.request_keyframe()
        assert voice.audio_level() is None
        with pytest.raises(Conflict):
            viewer.leg.send(voice, heard(2001))


async def test_a_level_is_forgotten_after_a_second() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker:
        voice = speaker.leg.receive(microphone(1001))
        assert voice.audio_level() is None
        speaker.peer.send_rtp(sound(1001, 1, level=30))
        await speaker.peer.send_check()
        assert voice.audio_level() == 30
        clock.now += 1.1
        assert voice.audio_level() is None


async def test_a_full_server_says_so_and_has_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "LEGS_MOST", 2)
    async with media_server() as server:
        first, _ = server.open_leg(Watcher()), server.open_leg(Watcher())
        with pytest.raises(Unavailable, match="few minutes"):
            server.open_leg(Watcher())
        first.close()
        server.open_leg(Watcher())


async def test_closing_the_server_says_goodbye_to_all() -> None:
    async with media_server() as server, connected(server) as one, connected(server) as other:
        await server.close()
        assert await one.peer.hears_goodbye()
        assert await other.peer.hears_goodbye()


async def test_the_public_address_is_offered_beside_the_own_ones() -> None:
    async with media_server() as server:
        leg = server.open_leg(Watcher())
        assert [candidate.kind for candidate in leg.local.candidates] == ["host"]
        server.set_public_address("198.51.100.7")
        host, public = leg.local.candidates
        assert (public.address, public.port, public.kind) == ("198.51.100.7", server.port, "srflx")
        assert host.priority > public.priority


def test_a_public_address_that_is_our_own_is_offered_once() -> None:
    assert [c.kind for c in make_candidates(("192.0.2.1", "2001:db8::1"), 3480, "192.0.2.1")] == ["host", "host"]
    assert len({c.priority for c in make_candidates(("192.0.2.1", "2001:db8::1"), 3480, "")}) == 2


def test_this_machine_has_an_address() -> None:
    addresses = own_addresses()
    assert addresses
    assert len(set(addresses)) == len(addresses)
