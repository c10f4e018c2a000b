"""What a datagram on the shared port is, by its length and first octets (RFC 7983, 7; RFC 5761, 4)."""

from __future__ import annotations

import enum

from rtc.dataplane.interface import DATAGRAM_MOST

STUN_LEAST = 20
DTLS_LEAST = 13
RTP_LEAST = 12
STUN_COOKIE = b"\x21\x12\xa4\x42"


class Datagram(enum.Enum):
    STUN = enum.auto()
    DTLS = enum.auto()
    RTP = enum.auto()
    RTCP = enum.auto()
    JUNK = enum.auto()


def classify(datagram: bytes) -> Datagram:
    """The protocol of *datagram*. Lengths are checked first; nothing else is read of what is too short or too long."""
    length = len(datagram)
    if length < RTP_LEAST or length > DATAGRAM_MOST:
        return Datagram.JUNK
    first = datagram[0]
    if 127 < first < 192:
        return Datagram.RTCP if 191 < datagram[1] < 224 else Datagram.RTP
    if first < 4:
        return Datagram.STUN if length >= STUN_LEAST and datagram[4:8] == STUN_COOKIE else Datagram.JUNK
    if 19 < first < 64 and length >= DTLS_LEAST:
        return Datagram.DTLS
    return Datagram.JUNK
