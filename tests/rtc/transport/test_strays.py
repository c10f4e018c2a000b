"""What strangers and unruly participants send, and that it changes nothing for anybody else."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from rtc.dataplane.interface import SSRCS_MOST
from rtc.dataplane.tables import PACKETS_PER_S, RTCP_OCTETS_PER_S, RTCP_WINDOWS_MOST
from rtc.media.rtcp import Goodbye, Nack, PictureLoss, ReceiverReport, Remb, SenderReport, build_compound
from rtc.transport import server as server_module
from tests.rtc.transport.peer import ANSWER_S, Connected, HandClock, connected, media_server
from tests.rtc.transport.tracks import KEYFRAME, camera, heard, microphone, picture, seen, sound


async def still_heard(speaker: Connected, viewer: Connected, sequence: int) -> None:
    """The next packet of the call, and nothing before it, reaches the viewer."""
    marked = b"packet %d" % sequence
    speaker.peer.send_rtp(sound(1001, sequence, marked))
    assert (await viewer.peer.next_rtp()).endswith(marked)
    assert viewer.peer.rtp.empty()
    assert viewer.peer.undecipherable == 0


async def test_stray_datagrams_do_not_end_the_call() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        whims = random.Random(5)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", server.port))
            for round_number in range(20):
                for first in (0, 1, 22, 63, 100, 128, 144, 160, 255, whims.randrange(256)):
                    for length in (0, 1, 11, 12, 13, 19, 20, 40, 1499, 1501, 3000):
                        junk = (bytes([first]) + whims.randbytes(length))[:length]
                        stranger.send(junk)
                        if length:
                            speaker.peer.send_raw(junk)
                    await asyncio.sleep(0)
                await still_heard(speaker, viewer, round_number)
            stranger.settimeout(0.05)
            with pytest.raises(TimeoutError):
                stranger.recv(1)
        assert speaker.watcher.failures == viewer.watcher.failures == []


async def test_damaged_copies_of_real_datagrams_do_not_end_the_call() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        whims = random.Random(6)
        for sequence in range(200):
            real = speaker.peer.check() if sequence % 2 else speaker.peer.protect_rtp(sound(1001, sequence))
            damaged = bytearray(real)
            for _ in range(whims.randint(1, 3)):
                damaged[whims.randrange(len(damaged))] ^= 1 << whims.randrange(8)
            speaker.peer.send_raw(bytes(damaged[: whims.randint(1, len(damaged))]))
        await still_heard(speaker, viewer, 200)


async def test_media_from_an_unproven_address_are_dropped() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(speaker.peer.protect_rtp(sound(1001, 1)), ("127.0.0.1", server.port))
        await still_heard(speaker, viewer, 2)


async def test_a_replayed_packet_is_forwarded_once() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        packet = speaker.peer.protect_rtp(sound(1001, 1))
        for _ in range(5):
            speaker.peer.send_raw(packet)
        await viewer.peer.next_rtp()
        await still_heard(speaker, viewer, 2)


async def test_a_replayed_compound_counts_once() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(camera(1002)), seen(2002))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        await viewer.peer.next_rtp()
        await speaker.peer.drain_rtcp()
        request = viewer.peer.protect_rtcp(build_compound([PictureLoss(1, 2002)]))
        clock.now += 2
        viewer.peer.send_raw(request)
        await speaker.peer.next_rtcp()
        speaker.peer.send_rtp(picture(1002, 2, KEYFRAME))
        await viewer.peer.next_rtp()
        clock.now += 2
        viewer.peer.send_raw(request)
        await viewer.peer.send_check()
        assert not await speaker.peer.drain_rtcp()


async def test_feedback_is_taken_under_any_number_of_ssrcs() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(camera(1002)), seen(2002))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        await viewer.peer.next_rtp()
        await speaker.peer.drain_rtcp()
        for ssrc in range(3 * RTCP_WINDOWS_MOST):
            viewer.peer.send_rtcp(build_compound([ReceiverReport(5000 + ssrc)]))
            if ssrc % 50 == 0:
                clock.now += 1
                server.tick()
                await viewer.peer.send_check()
        await speaker.peer.drain_rtcp()
        viewer.peer.send_rtcp(build_compound([PictureLoss(9000, 2002)]))
        await viewer.peer.send_check()
        assert await speaker.peer.drain_rtcp() == [PictureLoss(speaker.leg.feedback_ssrc, 1002)]


async def test_two_legs_may_use_the_same_ssrc_and_mid() -> None:
    async with (
        media_server() as server,
        connected(server) as one,
        connected(server) as other,
        connected(server) as viewer,
    ):
        viewer.leg.send(one.leg.receive(microphone(1001)), heard(2001))
        other.leg.receive(microphone(1001))
        other.peer.send_rtp(sound(1001, 1, b"other", mid="0"))
        other.peer.send_rtp(sound(2001, 1, b"other", mid="0"))
        await other.peer.send_check()
        await still_heard(one, viewer, 2)


async def test_what_a_leg_says_of_others_media_changes_nothing() -> None:
    clock = HandClock()
    async with (
        media_server(clock=clock) as server,
        connected(server) as speaker,
        connected(server) as viewer,
        connected(server) as meddler,
    ):
        viewer.leg.send(speaker.leg.receive(camera(1002)), seen(2002))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        first = await viewer.peer.next_rtp()
        meddler.leg.receive(camera())
        await speaker.peer.drain_rtcp()
        for named in (1002, 2002):
            meddler.peer.send_rtcp(
                build_compound(
                    [
                        SenderReport(named, 1 << 40, 0, 0, 0),
                        Goodbye((named,)),
                        PictureLoss(9, named),
                        Remb(9, 1000, (named,)),
                    ]
                )
            )
        await meddler.peer.send_check()
        clock.now += 1.1
        server.tick()
        speaker.peer.send_rtp(picture(1002, 2))
        second = await viewer.peer.next_rtp()
        assert int.from_bytes(second[2:4], "big") == int.from_bytes(first[2:4], "big") + 1
        told = await speaker.peer.drain_rtcp()
        assert [type(packet).__name__ for packet in told] == ["ReceiverReport", "SourceDescription", "Remb"]
        assert isinstance(told[2], Remb)
        assert told[2].bitrate_bps > 1_000_000
        assert await viewer.peer.drain_rtcp() == []  # no sender report made from the meddler's


async def test_a_leg_has_at_most_16_ssrcs() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        for mid in range(SSRCS_MOST + 4):
            viewer.leg.send(speaker.leg.receive(microphone(mid=str(mid))), heard(2000 + mid))
            speaker.peer.send_rtp(sound(1000 + mid, 1, mid=str(mid)))
        await speaker.peer.send_check()
        got = {int.from_bytes((await viewer.peer.next_rtp())[8:12], "big") for _ in range(SSRCS_MOST)}
        assert got == set(range(2000, 2000 + SSRCS_MOST))
        assert viewer.peer.rtp.empty()


async def test_a_sender_past_its_limit_is_cut_and_others_are_not() -> None:
    clock = HandClock()
    async with (
        media_server(clock=clock) as server,
        connected(server) as loud,
        connected(server) as quiet,
        connected(server) as viewer,
    ):
        viewer.leg.send(loud.leg.receive(microphone(1001)), heard(2001))
        viewer.leg.send(quiet.leg.receive(microphone(1001)), heard(3001))
        for sequence in range(PACKETS_PER_S + 300):
            loud.peer.send_rtp(sound(1001, sequence))
            if sequence % 50 == 0:
                await loud.peer.send_check()  # not faster than the socket can hold
        quiet.peer.send_rtp(sound(1001, 1))
        got = 0
        async with asyncio.timeout(ANSWER_S):
            while int.from_bytes((await viewer.peer.next_rtp())[8:12], "big") == 2001:
                got += 1
        assert PACKETS_PER_S - 300 < got <= PACKETS_PER_S
        clock.now += 0.1
        server.tick()
        loud.peer.send_rtp(sound(1001, PACKETS_PER_S + 301))
        await viewer.peer.next_rtp()


async def test_what_is_forged_in_a_senders_name_does_not_use_up_its_limit() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        forged = [sound(1001, 1, bytes(200)), build_compound([ReceiverReport(1)]) + bytes(100), bytes([22]) * 40]
        for number in range(2 * PACKETS_PER_S):
            speaker.peer.send_raw(forged[number % 3])
            if number % 50 == 0:
                await speaker.peer.send_check()
        await still_heard(speaker, viewer, 2)
        assert speaker.watcher.failures == []


async def test_large_compounds_are_limited_by_their_size() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(camera(1002)), seen(2002))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        await viewer.peer.next_rtp()
        many = build_compound([Nack(1, 9, tuple(range(17)))] * 80)
        for _ in range(RTCP_OCTETS_PER_S // len(many) + 1):
            viewer.peer.send_rtcp(many)
        await speaker.peer.drain_rtcp()
        wish = build_compound([PictureLoss(1, 2002)] * 100)
        clock.now += 2
        viewer.peer.send_rtcp(wish)
        await viewer.peer.send_check()
        assert await speaker.peer.drain_rtcp() == []
        server.tick()
        viewer.peer.send_rtcp(wish)
        await viewer.peer.send_check()
        assert any(isinstance(packet, PictureLoss) for packet in await speaker.peer.drain_rtcp())


async def test_an_error_in_one_leg_is_contained(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))

        def broken(*_: object) -> None:
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr(server_module, "take_rtcp", broken)
        for _ in range(3):
            speaker.peer.send_rtcp(build_compound([Goodbye((1,))]))
        await still_heard(speaker, viewer, 1)
        assert [record.getMessage() for record in caplog.records].count("packet.fault") == 1

        monkeypatch.setattr(speaker.leg, "tick", broken)
        server.tick()
        assert speaker.watcher.failures == ["The media server met an error in this connection."]
        assert viewer.leg.connected
