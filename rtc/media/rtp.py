"""RTP fixed header, as RFC 3550, 5.1 draws it."""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER_BYTES = 12
_FIXED = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")


class RtpHeader(NamedTuple):
    """Where the parts of one packet lie. Offsets and lengths are in octets; ``extension_bytes`` 0 means none.

    A tuple, because one is made for each packet.
    """

    payload_type: int
    marker: bool
    padding: bool
    sequence: int
    timestamp: int
    ssrc: int
    extension_profile: int
    extension_offset: int
    extension_bytes: int
    payload_offset: int


def parse_header(packet: bytes) -> RtpHeader | None:
    """The header of *packet*, or None if it is no RTP or ends inside its own header."""
    length = len(packet)
    if length < HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(packet)
    if first >> 6 != 2:
        return None
    offset = HEADER_BYTES + 4 * (first & 0x0F)
    profile = extension_offset = extension_bytes = 0
    if first & 0x10:
        if offset + 4 > length:
            return None
        profile, words = _EXTENSION.unpack_from(packet, offset)
        extension_offset = offset + 4
        extension_bytes = 4 * words
        offset = extension_offset + extension_bytes
    if offset > length:
        return None
    return RtpHeader(
        second & 0x7F,
        second > 0x7F,
        first & 0x20 != 0,
        sequence,
        timestamp,
        ssrc,
        profile,
        extension_offset,
        extension_bytes,
        offset,
    )


def build_header(
    *,
    payload_type: int,
    marker: bool,
    padding: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    extension: bytes = b"",
) -> bytes:
    """A header without contributing sources. *extension* is a whole block as ``extensions.write_block`` makes it."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0)
    second = payload_type | (0x80 if marker else 0)
    return _FIXED.pack(first, second, sequence, timestamp, ssrc) + extension
