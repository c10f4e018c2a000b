"""RTP headers and their extensions."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtc.media.extensions import audio_level, read_block, write_block
from rtc.media.rtp import build_header, parse_header

ids = st.integers(1, 255)
elements = st.lists(st.tuples(ids, st.binary(max_size=40)), max_size=6)


@given(
    st.integers(0, 127),
    st.booleans(),
    st.booleans(),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    elements,
    st.binary(max_size=50),
)
def test_a_built_header_is_read_back(
    payload_type: int,
    marker: bool,
    padding: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    carried: list[tuple[int, bytes]],
    payload: bytes,
) -> None:
    built = build_header(
        payload_type=payload_type,
        marker=marker,
        padding=padding,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        extension=write_block(carried),
    )
    header = parse_header(built + payload)
    assert header is not None
    assert header[:6] == (payload_type, marker, padding, sequence, timestamp, ssrc)
    assert header.payload_offset == len(built)
    block = built[header.extension_offset : header.extension_offset + header.extension_bytes]
    assert read_block(header.extension_profile, block) == carried


@given(st.binary(max_size=80))
@example(b"\x8f" + bytes(11))
@example(b"\x90" + bytes(11))
@example(b"\x90" + bytes(13) + b"\xff\xff")
def test_no_header_reaches_past_its_packet(anything: bytes) -> None:
    header = parse_header(anything)
    if header is not None:
        assert header.payload_offset <= len(anything)
        assert header.extension_offset + header.extension_bytes <= len(anything)


@pytest.mark.parametrize("packet", [b"", b"\x80" * 11, b"\x40" + bytes(11), b"\x8f" + bytes(20), b"\x90" + bytes(13)])
def test_what_is_no_rtp_has_no_header(packet: bytes) -> None:
    assert parse_header(packet) is None


def test_contributing_sources_are_skipped() -> None:
    header = parse_header(b"\x82" + bytes(11) + bytes(8) + b"payload")
    assert header is not None
    assert header.payload_offset == 20


@pytest.mark.parametrize(
    ("profile", "block", "expected"),
    [
        (0xBEDE, "10ff0000", [(1, b"\xff")]),
        (0xBEDE, "0010ff00", [(1, b"\xff")]),  # padding in front
        (0xBEDE, "10fff0aa20bb", [(1, b"\xff")]),  # id 15 ends the block
        (0xBEDE, "01aabb10ff", [(1, b"\xff")]),  # id 0 with a length carries nothing
        (0xBEDE, "12aa", []),  # ends inside
        (0x1000, "01000202aabb0000", [(1, b""), (2, b"\xaa\xbb")]),
        (0x100F, "0101aa00", [(1, b"\xaa")]),
        (0x1000, "01", []),
        (0x1000, "0105aa", []),
        (0x2000, "10ff0000", []),
    ],
)
def test_blocks_are_read_as_rfc_8285_says(profile: int, block: str, expected: list[tuple[int, bytes]]) -> None:
    assert read_block(profile, bytes.fromhex(block)) == expected


@given(st.sampled_from([0xBEDE, 0x1000]), st.binary(max_size=64))
def test_any_block_can_be_read(profile: int, block: bytes) -> None:
    for number, value in read_block(profile, block):
        assert 1 <= number <= 255
        assert value in block


@pytest.mark.parametrize(
    ("carried", "head"),
    [
        ([(14, b"x")], b"\xbe\xde"),
        ([(15, b"x")], b"\x10\x00"),
        ([(1, b"")], b"\x10\x00"),
        ([(1, bytes(16))], b"\xbe\xde"),
        ([(1, bytes(17))], b"\x10\x00"),
    ],
)
def test_the_short_form_is_used_where_it_can(carried: list[tuple[int, bytes]], head: bytes) -> None:
    block = write_block(carried)
    assert block[:2] == head
    assert len(block) % 4 == 0


@pytest.mark.parametrize(
    ("value", "level"), [(b"\x80", 0), (b"\x7f", 127), (b"\x94", 20), (b"\x14\x00", 20), (b"", None)]
)
def test_audio_level_leaves_out_the_voice_flag(value: bytes, level: int | None) -> None:
    assert audio_level(value) == level
