"""RTCP both ways: lost packets, keyframes, bitrates and reports."""

from __future__ import annotations

from rtc.media.remb import CEILING_BPS
from rtc.media.ring import RING_PACKETS
from rtc.media.rtcp import (
    FullIntraRequest,
    Nack,
    PictureLoss,
    ReceiverReport,
    Remb,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    build_compound,
)
from rtc.transport.leg import RESENDS_PER_S
from tests.rtc.transport.peer import Connected, HandClock, connected, media_server
from tests.rtc.transport.tracks import DELTA, KEYFRAME, camera, heard, microphone, picture, seen, sound


def number(packet: bytes) -> int:
    """The sequence number of *packet*."""
    return int.from_bytes(packet[2:4], "big")


def timestamp(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")


async def first_picture(speaker: Connected, viewer: Connected, ssrc: int = 2002, sequence: int = 1) -> bytes:
    """Let *viewer* see *speaker*; the packet that it got first."""
    viewer.leg.send(speaker.leg.receive(camera(1002)), seen(ssrc))
    speaker.peer.send_rtp(picture(1002, sequence, KEYFRAME))
    got = await viewer.peer.next_rtp()
    await speaker.peer.drain_rtcp()
    return got


async def tell(peer: Connected, *packets: RtcpPacket) -> None:
    """Send a compound, and wait until it was read."""
    peer.peer.send_rtcp(build_compound(packets))
    await peer.peer.send_check()


async def test_a_lost_packet_is_sent_again_from_what_was_kept() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        first = number(await first_picture(speaker, viewer))
        viewer.peer.close_socket()
        speaker.peer.send_rtp(picture(1002, 2, DELTA + b"lost"))
        await speaker.peer.send_check()
        await viewer.peer.open()
        await viewer.peer.send_check()
        await tell(viewer, Nack(9, 2002, (first + 1,)))
        again = await viewer.peer.next_rtp()
        assert number(again) == first + 1
        assert again.endswith(b"lost")
        assert await speaker.peer.drain_rtcp() == []


async def test_lost_sound_is_sent_again_and_asked_for() -> None:
    async with media_server() as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        speaker.peer.send_rtp(sound(1001, 1))
        first = number(await viewer.peer.next_rtp())
        viewer.peer.close_socket()
        speaker.peer.send_rtp(sound(1001, 2, b"lost"))
        speaker.peer.send_rtp(sound(1001, 4))  # and the third does not even come here
        await speaker.peer.send_check()
        await viewer.peer.open()
        await viewer.peer.send_check()
        await tell(viewer, Nack(9, 2001, (first + 1, first + 2)))
        again = await viewer.peer.next_rtp()
        assert (number(again), again[-4:]) == (first + 1, b"lost")
        assert await speaker.peer.drain_rtcp() == [Nack(speaker.leg.feedback_ssrc, 1001, (3,))]


async def test_what_was_never_received_is_asked_of_the_sender_in_its_own_numbers() -> None:
    clock = HandClock()
    async with (
        media_server(clock=clock) as server,
        connected(server) as speaker,
        connected(server) as one,
        connected(server) as other,
    ):
        first = number(await first_picture(speaker, one, 2002, 65_535))
        other_first = number(await first_picture(speaker, other, 3002, 65_536))
        await one.peer.next_rtp()
        speaker.peer.send_rtp(picture(1002, 65_539))
        await one.peer.next_rtp()
        await other.peer.next_rtp()
        await tell(one, Nack(9, 2002, (first + 2, first + 3, first + 99)))
        await tell(other, Nack(9, 3002, (other_first + 1,)))
        [asked] = await speaker.peer.drain_rtcp()
        assert isinstance(asked, Nack)
        assert (asked.media, asked.sequences) == (1002, (1, 2))
        speaker.peer.send_rtp(picture(1002, 65_537))
        assert number(await one.peer.next_rtp()) == first + 2
        assert number(await other.peer.next_rtp()) == other_first + 1


async def test_a_viewer_cannot_have_the_sender_repeat_what_has_arrived() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        first = number(await first_picture(speaker, viewer))
        for sequence in range(2, RING_PACKETS + 100):
            speaker.peer.send_rtp(picture(1002, sequence))
            if sequence % 50 == 0:
                await speaker.peer.send_check()
        await speaker.peer.drain_rtcp()
        await tell(viewer, Nack(9, 2002, tuple(first + n for n in range(60))))
        assert await speaker.peer.drain_rtcp() == []


async def test_packets_sent_again_are_limited() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        first = number(await first_picture(speaker, viewer))
        for _ in range(RESENDS_PER_S // 20 + 5):
            await tell(viewer, *[Nack(9, 2002, (first,))] * 20)
        # The viewer's own libsrtp calls each of them a replay.
        assert viewer.peer.undecipherable == RESENDS_PER_S


async def test_keyframes_are_asked_for_once_a_second_however_many_ask() -> None:
    clock = HandClock()
    async with (
        media_server(clock=clock) as server,
        connected(server) as speaker,
        connected(server) as one,
        connected(server) as other,
    ):
        await first_picture(speaker, one)
        await first_picture(speaker, other, 3002, 2)
        clock.now += 2
        await tell(one, PictureLoss(9, 2002))
        await tell(other, FullIntraRequest(9, ((3002, 1),)))
        await tell(one, PictureLoss(9, 2002))
        assert [packet for packet in await speaker.peer.drain_rtcp() if isinstance(packet, PictureLoss)] == [
            PictureLoss(speaker.leg.feedback_ssrc, 1002)
        ]
        clock.now += 1
        server.tick()
        assert any(isinstance(packet, PictureLoss) for packet in await speaker.peer.drain_rtcp())
        speaker.peer.send_rtp(picture(1002, 3, KEYFRAME))
        await speaker.peer.send_check()
        clock.now += 5
        server.tick()
        assert not any(isinstance(packet, PictureLoss) for packet in await speaker.peer.drain_rtcp())


async def test_a_new_viewer_brings_a_keyframe() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        face = speaker.leg.receive(camera(1002))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        await speaker.peer.send_check()
        assert await speaker.peer.drain_rtcp() == []
        viewer.leg.send(face, seen(2002))
        assert await speaker.peer.drain_rtcp() == [PictureLoss(speaker.leg.feedback_ssrc, 1002)]


async def told_bitrate(server_clock: HandClock, tick: object, speaker: Connected) -> int:
    """What the sender is told with its next report."""
    assert callable(tick)
    await speaker.peer.drain_rtcp()
    server_clock.now += 1.01
    tick()
    [remb] = [packet for packet in await speaker.peer.drain_rtcp() if isinstance(packet, Remb)]
    assert remb.ssrcs == (1002,)
    return remb.bitrate_bps


async def test_a_sender_gets_the_lowest_bitrate_of_its_current_viewers() -> None:
    clock = HandClock()
    async with (
        media_server(clock=clock) as server,
        connected(server) as speaker,
        connected(server) as fast,
        connected(server) as slow,
    ):
        await first_picture(speaker, fast)
        assert await told_bitrate(clock, server.tick, speaker) == CEILING_BPS
        await first_picture(speaker, slow, 3002, 2)
        await tell(fast, Remb(9, 1_500_000, (2002,)))
        await tell(slow, Remb(9, 300_000, (3002,)))
        assert await told_bitrate(clock, server.tick, speaker) == 300_000
        slow.leg.close()
        assert 1_490_000 < await told_bitrate(clock, server.tick, speaker) <= 1_500_000


async def test_a_viewer_whose_picture_was_closed_no_longer_counts() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        face = speaker.leg.receive(camera(1002))
        route = viewer.leg.send(face, seen(2002))
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        speaker.peer.send_rtp(picture(1002, 1, KEYFRAME))
        await viewer.peer.next_rtp()
        await tell(viewer, Remb(9, 300_000, (2002,)))
        assert await told_bitrate(clock, server.tick, speaker) == 300_000
        route.close()
        await tell(viewer, Remb(9, 200_000, (2002,)))
        assert await told_bitrate(clock, server.tick, speaker) == CEILING_BPS


async def test_the_sender_learns_how_its_packets_arrive() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker:
        speaker.leg.receive(microphone(1001))
        for sequence in (10, 11, 13):
            speaker.peer.send_rtp(sound(1001, sequence))
        await tell(speaker, SenderReport(1001, 0x1122334455667788, 0, 3, 15))
        clock.now += 1.25
        server.tick()
        report, name = await speaker.peer.drain_rtcp()
        assert isinstance(report, ReceiverReport)
        [block] = report.blocks
        assert (block.ssrc, block.packets_lost, block.fraction_lost, block.highest_sequence) == (1001, 1, 64, 13)
        assert (block.last_report, block.delay_since_last_report) == (0x33445566, 81920)
        assert isinstance(name, SourceDescription)
        assert name.names[0][0] == report.ssrc == speaker.leg.feedback_ssrc


async def test_the_viewer_learns_the_senders_time_in_its_own_timestamps() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker, connected(server) as viewer:
        viewer.leg.send(speaker.leg.receive(microphone(1001)), heard(2001))
        speaker.peer.send_rtp(sound(1001, 10))
        first = await viewer.peer.next_rtp()
        await tell(speaker, SenderReport(1001, 77 << 32, timestamp(sound(1001, 10)), 1, 5))
        clock.now += 2
        server.tick()
        report, name = await viewer.peer.drain_rtcp()
        assert isinstance(report, SenderReport)
        assert (report.ssrc, report.ntp >> 32, report.packets, report.octets) == (2001, 79, 1, 5)
        assert report.rtp == timestamp(first) + 2 * 48000
        assert name == SourceDescription(((2001, "anna"),))


async def test_reports_come_once_a_second() -> None:
    clock = HandClock()
    async with media_server(clock=clock) as server, connected(server) as speaker:
        speaker.leg.receive(microphone(1001))
        speaker.peer.send_rtp(sound(1001, 10))
        await speaker.peer.send_check()
        for _ in range(30):
            clock.now += 0.11
            server.tick()
        reports = [packet for packet in await speaker.peer.drain_rtcp() if isinstance(packet, ReceiverReport)]
        assert len(reports) == 3
