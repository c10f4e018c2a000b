"""Tracks and packets of invented calls."""

from __future__ import annotations

from rtc.media.extensions import AUDIO_LEVEL_URI, MID_URI, write_block
from rtc.media.rtp import build_header
from rtc.transport.interface import Codec, IncomingTrack, MediaKind, OutgoingTrack

OPUS = Codec(111, "opus", 48000, 2, feedback=("nack",))
VP8 = Codec(96, "VP8", 90000, feedback=("nack", "nack pli", "goog-remb"))
OPUS_OUT = Codec(109, "opus", 48000, 2, feedback=("nack",))
VP8_OUT = Codec(120, "VP8", 90000, feedback=("nack", "nack pli", "goog-remb"))
KEYFRAME = bytes([0x10, 0x00]) + bytes(400)
DELTA = bytes([0x10, 0x01]) + bytes(400)


def microphone(*ssrcs: int, mid: str = "0") -> IncomingTrack:
    return IncomingTrack(mid, MediaKind.AUDIO, (OPUS,), ((MID_URI, 4), (AUDIO_LEVEL_URI, 1)), ssrcs)


def camera(*ssrcs: int, mid: str = "1") -> IncomingTrack:
    return IncomingTrack(mid, MediaKind.VIDEO, (VP8,), ((MID_URI, 4),), ssrcs)


def heard(ssrc: int, mid: str = "0") -> OutgoingTrack:
    return OutgoingTrack(mid, MediaKind.AUDIO, ssrc, "anna", (OPUS_OUT,), ((MID_URI, 3), (AUDIO_LEVEL_URI, 2)))


def seen(ssrc: int, mid: str = "1") -> OutgoingTrack:
    return OutgoingTrack(mid, MediaKind.VIDEO, ssrc, "anna", (VP8_OUT,), ((MID_URI, 3),))


def sound(
    ssrc: int, sequence: int, payload: bytes = b"sound", *, level: int | None = None, mid: str | None = None
) -> bytes:
    """An Opus packet of 20 ms."""
    elements = [(4, mid.encode())] if mid is not None else []
    if level is not None:
        elements.append((1, bytes([level])))
    header = build_header(
        payload_type=OPUS.payload_type,
        marker=False,
        padding=False,
        sequence=sequence & 0xFFFF,
        timestamp=960 * sequence & 0xFFFFFFFF,
        ssrc=ssrc,
        extension=write_block(elements),
    )
    return header + payload


def picture(ssrc: int, sequence: int, payload: bytes = DELTA) -> bytes:
    """A VP8 packet that is a whole picture."""
    header = build_header(
        payload_type=VP8.payload_type,
        marker=True,
        padding=False,
        sequence=sequence & 0xFFFF,
        timestamp=3000 * sequence & 0xFFFFFFFF,
        ssrc=ssrc,
    )
    return header + payload
