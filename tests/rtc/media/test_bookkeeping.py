"""The small ledgers: kept packets, keyframes, estimates, lost packets, limits, VP8."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtc.media.keyframes import KeyframeRequests
from rtc.media.limits import TokenBucket
from rtc.media.nack import ASK_AGAIN_S, REQUESTS_PER_S, NackRequests
from rtc.media.remb import CEILING_BPS, FLOOR_BPS, FORGOTTEN_AFTER_S, ViewerEstimates
from rtc.media.ring import Ring, StoredPacket
from rtc.media.rtp import RtpHeader
from rtc.media.vp8 import starts_keyframe

HEADER = RtpHeader(96, False, False, 0, 0, 1, 0, 0, 0, 12)


@given(st.lists(st.integers(0, 400), max_size=200))
def test_the_ring_gives_what_was_put_last_and_nothing_else(indexes: list[int]) -> None:
    ring = Ring(64)
    places: dict[int, int] = {}
    for index in indexes:
        ring.put(StoredPacket(index, HEADER, b"", b"%d" % index))
        places[index % 64] = index
    for index in range(401):
        packet = ring.get(index)
        assert (packet is not None) == (places.get(index % 64) == index)
        assert packet is None or packet.payload == b"%d" % index
    ring.clear()
    assert all(ring.get(index) is None for index in indexes)


def test_the_ring_must_have_a_fitting_size() -> None:
    with pytest.raises(ValueError, match="power of two"):
        Ring(500)


def test_many_viewers_ask_for_one_keyframe_a_second() -> None:
    requests = KeyframeRequests()
    asked = [at / 10 for at in range(50) if requests.request(at / 10)]
    assert asked == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_keyframe_that_does_not_come_is_asked_for_again() -> None:
    requests = KeyframeRequests()
    assert requests.request(0.0)
    assert not requests.due(0.9)
    assert requests.due(1.0)
    requests.came()
    assert not requests.due(5.0)


def test_a_request_soon_after_a_keyframe_waits_and_is_not_lost() -> None:
    requests = KeyframeRequests()
    assert requests.request(0.0)
    requests.came()
    assert not requests.request(0.3)
    assert not requests.due(0.9)
    assert requests.due(1.0)


def test_a_sender_is_told_the_lowest_of_its_current_viewers() -> None:
    estimates = ViewerEstimates()
    assert estimates.lowest_bps(0.0) == CEILING_BPS
    estimates.note(1, 1_200_000, 0.0)
    estimates.note(2, 400_000, 0.0)
    assert estimates.lowest_bps(1.0) == 400_000
    estimates.forget(2)
    assert estimates.lowest_bps(1.0) == 1_200_000


def test_an_estimate_that_is_not_repeated_no_longer_counts() -> None:
    estimates = ViewerEstimates()
    estimates.note(1, 400_000, 0.0)
    estimates.note(2, 900_000, 5.0)
    assert estimates.lowest_bps(FORGOTTEN_AFTER_S) == 400_000
    assert estimates.lowest_bps(FORGOTTEN_AFTER_S + 0.1) == 900_000


def test_one_viewer_cannot_push_a_sender_below_the_floor() -> None:
    estimates = ViewerEstimates()
    estimates.note(1, 1, 0.0)
    estimates.note(2, 2**60, 0.0)
    assert estimates.lowest_bps(0.0) == FLOOR_BPS


def test_a_lost_packet_is_asked_for_once_for_all_viewers_and_later_again() -> None:
    requests = NackRequests(0.0)
    assert requests.pass_on([5, 6, 7], 1.0) == (5, 6, 7)
    assert requests.pass_on([6, 8], 1.0 + ASK_AGAIN_S / 2) == (8,)
    assert requests.pass_on([6, 8], 1.001 + ASK_AGAIN_S) == (6,)


def test_requests_for_lost_packets_are_limited() -> None:
    requests = NackRequests(0.0)
    assert len(requests.pass_on(range(10_000), 0.0)) == REQUESTS_PER_S
    assert len(requests.pass_on(range(20_000, 30_000), 0.5)) == REQUESTS_PER_S // 2


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 5)), max_size=60))
def test_a_bucket_never_gives_more_than_its_burst_and_its_rate(takes: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(10, 20, 0.0)
    at = 0.0
    given_out = 0
    for pause_s, tokens in takes:
        at += pause_s
        if bucket.take(at, tokens):
            given_out += tokens
        assert given_out <= 20 + 10 * at + 1e-6


def test_an_empty_bucket_fills_to_its_burst_and_no_further() -> None:
    bucket = TokenBucket(10, 20, 0.0)
    assert all(bucket.take(0.0) for _ in range(20))
    assert not bucket.take(0.0)
    assert sum(bucket.take(100.0) for _ in range(50)) == 20


@pytest.mark.parametrize(
    ("payload", "starts"),
    [
        ("", False),
        ("10", False),
        ("1000", True),
        ("1001", False),  # P bit: refers to earlier pictures
        ("0000", False),  # not the start of a partition
        ("1100", False),  # not the first partition
        ("1200", False),
        ("9000" + "00", True),  # extension octet without fields
        ("9080" + "05" + "00", True),  # short picture id
        ("9080" + "8005" + "00", True),  # long picture id
        ("90e0" + "8005" + "07" + "40" + "00", True),  # with TL0PICIDX and TID
        ("90e0" + "8005" + "07" + "40" + "01", False),
        ("90f0" + "8005" + "07" + "40" + "00", True),
        ("9080", False),
        ("90e0" + "8005" + "07", False),
        ("90", False),
    ],
)
def test_vp8_keyframes_are_recognised(payload: str, starts: bool) -> None:
    assert starts_keyframe(bytes.fromhex(payload)) is starts


@given(st.binary(max_size=12))
def test_any_vp8_payload_can_be_looked_at(payload: bytes) -> None:
    assert starts_keyframe(payload) in (True, False)
