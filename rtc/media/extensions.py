"""RTP header extensions in their one-byte and two-byte forms (RFC 8285)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000  # its low four bits are for the application (RFC 8285, 4.3)
ONE_BYTE_LAST_ID = 14  # 15 ends the block (RFC 8285, 4.2)
ONE_BYTE_LONGEST = 16

Element = tuple[int, bytes]


def read_block(profile: int, block: bytes) -> list[Element]:
    """The (id, value) elements of *block* (without its four-octet head), in order.

    Of a block that ends inside an element, or of an unknown profile, what could be read so far.
    """
    if profile == ONE_BYTE_PROFILE:
        return _read_one_byte(block)
    if profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _read_two_byte(block)
    return []


def _read_one_byte(block: bytes) -> list[Element]:
    elements = []
    at, end = 0, len(block)
    while at < end:
        head = block[at]
        at += 1
        if head == 0:  # padding
            continue
        number = head >> 4
        if number > ONE_BYTE_LAST_ID:
            break
        length = (head & 0x0F) + 1
        if at + length > end:
            break
        if number:
            elements.append((number, block[at : at + length]))
        at += length
    return elements


def _read_two_byte(block: bytes) -> list[Element]:
    elements = []
    at, end = 0, len(block)
    while at < end:
        number = block[at]
        at += 1
        if number == 0:  # padding
            continue
        if at == end:
            break
        length = block[at]
        at += 1
        if at + length > end:
            break
        elements.append((number, block[at : at + length]))
        at += length
    return elements


def write_block(elements: Sequence[Element]) -> bytes:
    """A whole extension block with its head, padded to 32 bits; empty for no elements.

    The one-byte form unless an id or a length does not fit into it. Ids are 1 to 255, values at most 255 octets.
    """
    if not elements:
        return b""
    body = bytearray()
    if all(number <= ONE_BYTE_LAST_ID and 0 < len(value) <= ONE_BYTE_LONGEST for number, value in elements):
        profile = ONE_BYTE_PROFILE
        for number, value in elements:
            body.append(number << 4 | len(value) - 1)
            body += value
    else:
        profile = TWO_BYTE_PROFILE
        for number, value in elements:
            body.append(number)
            body.append(len(value))
            body += value
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", profile, len(body) // 4) + bytes(body)


def audio_level(value: bytes) -> int | None:
    """Level in -dBov of an audio-level element: 0 is loudest, 127 silence (RFC 6464, 3)."""
    return value[0] & 0x7F if value else None
