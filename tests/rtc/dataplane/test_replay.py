"""Full indexes from sequence numbers, and the replay window, against a model with an unlimited memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtc.dataplane.replay import WINDOW, RtcpWindow, RtpWindow


@given(st.integers(0, 0xFFFF), st.lists(st.integers(-1500, 3000), max_size=80))
def test_indexes_are_found_and_none_is_taken_twice(first: int, steps: list[int]) -> None:
    window = RtpWindow()
    highest = -1
    seen: set[int] = set()
    index = first
    for step in [0, *steps]:
        index = index + step
        if index < 0 or (highest < 0 and index > 0xFFFF):
            index = max(first, 0)
        fresh = index not in seen and index > highest - WINDOW
        assert window.guess(index & 0xFFFF) == (index if fresh else None)
        if fresh:
            window.accept(index)
            seen.add(index)
            highest = max(highest, index)


def test_a_packet_that_was_not_authentic_changes_nothing() -> None:
    window = RtpWindow()
    window.accept(100)
    assert window.guess(30_000) == 30_000
    assert window.guess(101) == 101


def test_the_next_round_begins_after_the_last_number() -> None:
    window = RtpWindow()
    window.accept(0xFFFF)
    assert window.guess(0) == 0x10000
    window.accept(0x10000)
    assert window.guess(0xFFFE) == 0xFFFE


def test_a_number_from_before_the_first_round_is_refused() -> None:
    window = RtpWindow()
    window.accept(3)
    assert window.guess(0xFFFF) is None


@given(st.lists(st.integers(0, 3000), max_size=100))
def test_a_compound_is_fresh_once(indexes: list[int]) -> None:
    window = RtcpWindow()
    seen: set[int] = set()
    highest = -1
    for index in indexes:
        fresh = index not in seen and index > highest - WINDOW
        assert window.fresh(index) is fresh
        if fresh:
            seen.add(index)
            highest = max(highest, index)
