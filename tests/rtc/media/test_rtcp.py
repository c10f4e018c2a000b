"""RTCP, also against aiortc's reader and writer."""

from __future__ import annotations

import aiortc.rtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtc.media.rtcp import (
    FullIntraRequest,
    Goodbye,
    MalformedRtcp,
    Nack,
    PictureLoss,
    ReceiverReport,
    Remb,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    build_compound,
    parse_compound,
)

word = st.integers(0, 0xFFFFFFFF)
block = st.builds(ReportBlock, word, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), word, word, word, word)
blocks = st.lists(block, max_size=4).map(tuple)
names = st.lists(st.tuples(word, st.text(max_size=20)), max_size=4).map(tuple)
packet = st.one_of(
    st.builds(SenderReport, word, st.integers(0, 2**64 - 1), word, word, word, blocks),
    st.builds(ReceiverReport, word, blocks),
    st.builds(SourceDescription, names),
    st.builds(Goodbye, st.lists(word, max_size=4).map(tuple)),
    st.builds(PictureLoss, word, word),
    st.builds(FullIntraRequest, word, st.lists(st.tuples(word, st.integers(0, 255)), max_size=3).map(tuple)),
)


@given(st.lists(packet, max_size=5))
def test_a_built_compound_is_read_back(packets: list[RtcpPacket]) -> None:
    assert parse_compound(build_compound(packets)) == packets


@given(word, word, st.sets(st.integers(0, 0xFFFF), max_size=60))
def test_all_lost_numbers_are_read_back(sender: int, media: int, lost: set[int]) -> None:
    [nack] = parse_compound(build_compound([Nack(sender, media, tuple(sorted(lost)))]))
    assert isinstance(nack, Nack)
    assert (nack.sender, nack.media) == (sender, media)
    assert sorted(nack.sequences) == sorted(lost)


def test_lost_numbers_go_on_after_the_highest() -> None:
    compound = build_compound([Nack(1, 2, (0xFFFE, 0xFFFF, 0, 1))])
    assert len(compound) == 16
    assert parse_compound(compound) == [Nack(1, 2, (0xFFFE, 0xFFFF, 0, 1))]


@given(st.integers(0, 2**40), st.lists(word, max_size=5))
def test_an_estimate_loses_only_its_last_bits(bitrate_bps: int, ssrcs: list[int]) -> None:
    [remb] = parse_compound(build_compound([Remb(1, bitrate_bps, tuple(ssrcs))]))
    assert isinstance(remb, Remb)
    assert remb.ssrcs == tuple(ssrcs)
    assert remb.bitrate_bps <= bitrate_bps <= remb.bitrate_bps * 1.00001 + 1


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_called_malformed(anything: bytes) -> None:
    try:
        parse_compound(anything)
    except MalformedRtcp:
        return


@given(st.lists(packet, min_size=1, max_size=3), st.data())
def test_a_damaged_compound_is_read_or_called_malformed(packets: list[RtcpPacket], data: st.DataObject) -> None:
    damaged = bytearray(build_compound(packets))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse_compound(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    except MalformedRtcp:
        return


@pytest.mark.parametrize(
    "compound",
    [
        "80c90001",  # longer than its compound
        "40c9000100000001",  # version 1
        "81c9000100000001",  # a report block is missing
        "a0c9000100000009",  # more padding than content
        "81ca0001000000010105",  # ends inside its header
        "81ca000200000001010561",  # ends inside an item
        "81cd000300000001000000020001",  # half an entry
        "8fce000400000001000000005245",  # too short for its name
    ],
)
def test_malformed_compounds_are_called_so(compound: str) -> None:
    with pytest.raises(MalformedRtcp):
        parse_compound(bytes.fromhex(compound))


def test_unknown_packets_are_passed_over() -> None:
    unknown = bytes.fromhex("80cc0002000000014142434480cf000100000001")
    assert parse_compound(unknown + build_compound([PictureLoss(1, 2)])) == [PictureLoss(1, 2)]


@given(word, word, word, word, word, block)
def test_aiortc_reads_our_sender_reports(
    ssrc: int, rtp: int, packets: int, octets: int, ntp: int, one: ReportBlock
) -> None:
    [theirs] = aiortc.rtp.RtcpPacket.parse(build_compound([SenderReport(ssrc, ntp, rtp, packets, octets, (one,))]))
    assert isinstance(theirs, aiortc.rtp.RtcpSrPacket)
    info = theirs.sender_info
    assert (theirs.ssrc, info.ntp_timestamp, info.rtp_timestamp) == (ssrc, ntp, rtp)
    assert (info.packet_count, info.octet_count) == (packets, octets)
    [report] = theirs.reports
    assert (report.ssrc, report.fraction_lost, report.packets_lost) == (one.ssrc, one.fraction_lost, one.packets_lost)
    assert (report.highest_sequence, report.jitter) == (one.highest_sequence, one.jitter)
    assert (report.lsr, report.dlsr) == (one.last_report, one.delay_since_last_report)


@given(word, st.text(st.characters(max_codepoint=127), max_size=30))
def test_aiortc_reads_our_names(ssrc: int, name: str) -> None:
    [theirs] = aiortc.rtp.RtcpPacket.parse(build_compound([SourceDescription(((ssrc, name),))]))
    assert isinstance(theirs, aiortc.rtp.RtcpSdesPacket)
    assert [(chunk.ssrc, chunk.items) for chunk in theirs.chunks] == [(ssrc, [(1, name.encode())])]


@given(word, st.integers(0, 2**36), st.lists(word, max_size=4))
def test_we_read_aiortcs_estimates(ssrc: int, bitrate_bps: int, ssrcs: list[int]) -> None:
    theirs = aiortc.rtp.RtcpPsfbPacket(
        fmt=aiortc.rtp.RTCP_PSFB_APP, ssrc=ssrc, media_ssrc=0, fci=aiortc.rtp.pack_remb_fci(bitrate_bps, ssrcs)
    )
    assert parse_compound(bytes(theirs)) == parse_compound(build_compound([Remb(ssrc, bitrate_bps, tuple(ssrcs))]))
