"""What a datagram is taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtc.dataplane.demux import STUN_COOKIE, Datagram, classify


def datagram(first: int, second: int = 0, length: int = 20, cookie: bytes = STUN_COOKIE) -> bytes:
    return (bytes([first, second, 0, 0]) + cookie).ljust(length, b"\0")[:length]


@pytest.mark.parametrize(
    ("given_bytes", "kind"),
    [
        (b"", Datagram.JUNK),
        (datagram(0, length=19), Datagram.JUNK),
        (datagram(0, cookie=b"\x21\x12\xa4\x43"), Datagram.JUNK),
        (datagram(0, length=1501), Datagram.JUNK),
        (datagram(0), Datagram.STUN),
        (datagram(3), Datagram.STUN),
        (datagram(4), Datagram.JUNK),
        (datagram(16), Datagram.JUNK),
        (datagram(19), Datagram.JUNK),
        (datagram(20), Datagram.DTLS),
        (datagram(22, length=12), Datagram.JUNK),
        (datagram(63), Datagram.DTLS),
        (datagram(64), Datagram.JUNK),
        (datagram(127), Datagram.JUNK),
        (datagram(128, 96), Datagram.RTP),
        (datagram(128, 96, length=11), Datagram.JUNK),
        (datagram(128, 191), Datagram.RTP),
        (datagram(128, 192), Datagram.RTCP),
        (datagram(191, 223), Datagram.RTCP),
        (datagram(128, 224), Datagram.RTP),
        (datagram(192), Datagram.JUNK),
        (datagram(255), Datagram.JUNK),
    ],
)
def test_first_octets_and_length_decide(given_bytes: bytes, kind: Datagram) -> None:
    assert classify(given_bytes) is kind


@given(st.binary(max_size=1600))
def test_any_datagram_has_a_kind(anything: bytes) -> None:
    assert isinstance(classify(anything), Datagram)
