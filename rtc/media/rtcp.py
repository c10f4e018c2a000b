"""RTCP packets (RFC 3550, 6; RFC 4585, 6; RFC 5104, 4.3.1; REMB), parsed from and built into compounds."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

HEADER_BYTES = 8  # with the sender's SSRC
SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206
NACK_FORMAT = 1
PLI_FORMAT = 1
FIR_FORMAT = 4
APPLICATION_FORMAT = 15
REMB_NAME = b"REMB"
CNAME_ITEM = 1
NACKED_MOST = 512  # sequence numbers read of one packet; who misses more needs a keyframe

_BLOCK = struct.Struct("!IIIIII")
_SENDER = struct.Struct("!IQIII")
_COMMON = struct.Struct("!BBH")


class MalformedRtcp(ValueError):
    """The compound cannot be read."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver tells of one SSRC; fields as in RFC 3550, 6.4.1, *delay_since_last_report* in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay_since_last_report: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """(SSRC, CNAME) pairs; other items are not kept."""

    names: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Goodbye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers of *media* that *sender* misses (RFC 4585, 6.2.1). Of very many, the first are read."""

    sender: int
    media: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureLoss:
    """RFC 4585, 6.3.1."""

    sender: int
    media: int


@dataclass(frozen=True, slots=True)
class FullIntraRequest:
    """(SSRC, request number) pairs (RFC 5104, 4.3.1)."""

    sender: int
    targets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Remb:
    """Receiver's estimate for all of *ssrcs* together (draft-alvestrand-rmcat-remb-03, 2.2)."""

    sender: int
    bitrate_bps: int
    ssrcs: tuple[int, ...]


RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye | Nack | PictureLoss | FullIntraRequest | Remb


def parse_compound(compound: bytes) -> list[RtcpPacket]:
    """The packets of an opened *compound* that are known here. Raises MalformedRtcp."""
    packets: list[RtcpPacket] = []
    at, end = 0, len(compound)
    while at < end:
        if at + 4 > end:
            raise MalformedRtcp("An RTCP packet ends inside its header.")
        first, kind, words = _COMMON.unpack_from(compound, at)
        after = at + 4 + 4 * words
        if first >> 6 != 2 or after > end:
            raise MalformedRtcp("An RTCP packet has the wrong version or is longer than its compound.")
        body = compound[at + 4 : after]
        if first & 0x20:
            padding = body[-1] if body else 0
            if not 0 < padding <= len(body):
                raise MalformedRtcp("An RTCP packet has more padding than content.")
            body = body[:-padding]
        try:
            packet = _parse(kind, first & 0x1F, body)
        except struct.error as error:
            raise MalformedRtcp("An RTCP packet is shorter than its kind must be.") from error
        if packet is not None:
            packets.append(packet)
        at = after
    return packets


def _parse(kind: int, count: int, body: bytes) -> RtcpPacket | None:
    if kind == SENDER_REPORT:
        ssrc, ntp, rtp, packets, octets = _SENDER.unpack_from(body)
        return SenderReport(ssrc, ntp, rtp, packets, octets, _blocks(body, 24, count))
    if kind == RECEIVER_REPORT:
        return ReceiverReport(_word(body, 0), _blocks(body, 4, count))
    if kind == SOURCE_DESCRIPTION:
        return _source_description(body, count)
    if kind == GOODBYE:
        return Goodbye(struct.unpack_from(f"!{count}I", body))
    if kind == TRANSPORT_FEEDBACK and count == NACK_FORMAT:
        return Nack(_word(body, 0), _word(body, 4), _lost(body[8:]))
    if kind == PAYLOAD_FEEDBACK:
        return _payload_feedback(count, body)
    return None


def _word(body: bytes, at: int) -> int:
    word: int = struct.unpack_from("!I", body, at)[0]
    return word


def _blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for n in range(count):
        ssrc, loss, highest, jitter, last, delay = _BLOCK.unpack_from(body, at + 24 * n)
        lost = loss & 0xFFFFFF
        if lost & 0x800000:  # signed in 24 bits: duplicates make it negative
            lost -= 0x1000000
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last, delay))
    return tuple(blocks)


def _source_description(body: bytes, count: int) -> SourceDescription:
    names = []
    at = 0
    for _ in range(count):
        ssrc = _word(body, at)
        at += 4
        while True:
            if at >= len(body):
                raise MalformedRtcp("A source description ends inside a chunk.")
            item = body[at]
            if item == 0:
                at = (at + 4) & ~3  # at least one zero ends the items, then up to the next word
                break
            if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
                raise MalformedRtcp("A source description ends inside an item.")
            value = body[at + 2 : at + 2 + body[at + 1]]
            if item == CNAME_ITEM:
                names.append((ssrc, value.decode("utf-8", "replace")))
            at += 2 + len(value)
    return SourceDescription(tuple(names))


def _lost(entries: bytes) -> tuple[int, ...]:
    sequences = []
    for first, mask in struct.iter_unpack("!HH", entries):
        sequences.append(first)
        if len(sequences) >= NACKED_MOST:
            break
        while mask:
            lowest = mask & -mask
            sequences.append((first + lowest.bit_length()) & 0xFFFF)
            mask ^= lowest
    return tuple(sequences)


def _payload_feedback(form: int, body: bytes) -> RtcpPacket | None:
    sender, media = struct.unpack_from("!II", body)
    if form == PLI_FORMAT:
        return PictureLoss(sender, media)
    if form == FIR_FORMAT:
        return FullIntraRequest(sender, tuple((s, n) for s, n in struct.iter_unpack("!IBxxx", body[8:])))
    if form == APPLICATION_FORMAT and body[8:12] == REMB_NAME:
        rate = _word(body, 12)
        count = rate >> 24
        bitrate_bps = (rate & 0x3FFFF) << ((rate >> 18) & 0x3F)
        return Remb(sender, bitrate_bps, struct.unpack_from(f"!{count}I", body, 16))
    return None


def build_compound(packets: Iterable[RtcpPacket]) -> bytes:
    """The wire form of *packets*, one after the other."""
    return b"".join(_build(packet) for packet in packets)


def _build(packet: RtcpPacket) -> bytes:
    match packet:
        case SenderReport(ssrc, ntp, rtp, count, octets, blocks):
            return _framed(SENDER_REPORT, len(blocks), _SENDER.pack(ssrc, ntp, rtp, count, octets) + _pack(blocks))
        case ReceiverReport(ssrc, blocks):
            return _framed(RECEIVER_REPORT, len(blocks), struct.pack("!I", ssrc) + _pack(blocks))
        case SourceDescription(names):
            return _framed(SOURCE_DESCRIPTION, len(names), b"".join(_chunk(ssrc, name) for ssrc, name in names))
        case Goodbye(ssrcs):
            return _framed(GOODBYE, len(ssrcs), struct.pack(f"!{len(ssrcs)}I", *ssrcs))
        case Nack(sender, media, sequences):
            return _framed(TRANSPORT_FEEDBACK, NACK_FORMAT, struct.pack("!II", sender, media) + _masks(sequences))
        case PictureLoss(sender, media):
            return _framed(PAYLOAD_FEEDBACK, PLI_FORMAT, struct.pack("!II", sender, media))
        case FullIntraRequest(sender, targets):
            entries = b"".join(struct.pack("!IBxxx", ssrc, number) for ssrc, number in targets)
            return _framed(PAYLOAD_FEEDBACK, FIR_FORMAT, struct.pack("!II", sender, 0) + entries)
        case Remb(sender, bitrate_bps, ssrcs):
            shift = max(0, bitrate_bps.bit_length() - 18)
            rate = len(ssrcs) << 24 | shift << 18 | bitrate_bps >> shift
            body = struct.pack(f"!II4sI{len(ssrcs)}I", sender, 0, REMB_NAME, rate, *ssrcs)
            return _framed(PAYLOAD_FEEDBACK, APPLICATION_FORMAT, body)


def _framed(kind: int, count: int, body: bytes) -> bytes:
    return _COMMON.pack(0x80 | count, kind, len(body) // 4) + body


def _pack(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.packets_lost & 0xFFFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_report,
            block.delay_since_last_report,
        )
        for block in blocks
    )


def _chunk(ssrc: int, name: str) -> bytes:
    value = name.encode()
    chunk = struct.pack("!IBB", ssrc, CNAME_ITEM, len(value)) + value
    return chunk + bytes(4 - len(chunk) % 4)


def _masks(sequences: tuple[int, ...]) -> bytes:
    entries = bytearray()
    first, mask = -1, 0
    for sequence in sequences:
        distance = (sequence - first) & 0xFFFF
        if first >= 0 and 1 <= distance <= 16:
            mask |= 1 << (distance - 1)
            continue
        if first >= 0:
            entries += struct.pack("!HH", first, mask)
        first, mask = sequence, 0
    if first >= 0:
        entries += struct.pack("!HH", first, mask)
    return bytes(entries)
