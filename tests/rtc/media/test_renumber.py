"""Numbers and timestamps as a viewer sees them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtc.media.renumber import Renumber

FIRST = 2000


def send(renumber: Renumber, index: int, timestamp: int) -> int | None:
    mapped = renumber.index(index)
    if mapped is not None:
        renumber.sent(mapped, renumber.timestamp(timestamp))
    return mapped


def test_the_first_packet_has_the_first_number_and_gaps_stay() -> None:
    renumber = Renumber(FIRST)
    renumber.start(70_000, 5)
    assert [send(renumber, index, 5) for index in (70_000, 70_001, 70_004)] == [FIRST, FIRST + 1, FIRST + 4]


def test_a_packet_from_before_the_first_still_has_a_number() -> None:
    renumber = Renumber(FIRST)
    renumber.start(500, 0)
    assert send(renumber, 499, 0) == FIRST - 1
    assert renumber.index(500 - FIRST - 1) is None


def test_a_source_under_another_ssrc_goes_on_where_it_was() -> None:
    renumber = Renumber(FIRST)
    renumber.start(100, 1000)
    send(renumber, 100, 1000)
    send(renumber, 105, 4000)
    renumber.start(60_000, 77)
    assert send(renumber, 60_000, 77) == FIRST + 6
    assert renumber.timestamp(77) == 7000
    assert renumber.index(59_999) is None  # its number is taken
    assert renumber.back(FIRST + 5) is None  # was of the old SSRC


@given(
    st.integers(0, 2**40),
    st.lists(st.tuples(st.booleans(), st.integers(-40, 200), st.integers(0, 2**47)), min_size=1, max_size=60),
)
def test_no_number_is_ever_used_for_two_packets(start: int, steps: list[tuple[bool, int, int]]) -> None:
    renumber = Renumber(FIRST)
    renumber.start(start, 0)
    used: dict[int, tuple[int, int]] = {}
    generation = 0
    index = start
    for other_ssrc, step, elsewhere in steps:
        if other_ssrc:
            generation += 1
            index = elsewhere
            renumber.start(index, 0)
        else:
            index = max(0, index + step)
        mapped = send(renumber, index, 0)
        if mapped is not None:
            assert used.setdefault(mapped, (generation, index)) == (generation, index)
            assert renumber.back(mapped & 0xFFFF) == index


@given(st.integers(0, 2**40), st.integers(1, 0xFFFF - FIRST))
def test_a_number_never_sent_is_unknown(start: int, beyond: int) -> None:
    renumber = Renumber(FIRST)
    renumber.start(start, 0)
    send(renumber, start, 0)
    back = renumber.back((FIRST + beyond) & 0xFFFF)
    assert back is None


def test_after_the_past_was_closed_nothing_of_it_is_sent() -> None:
    renumber = Renumber(FIRST)
    renumber.start(100, 0)
    send(renumber, 100, 0)
    send(renumber, 103, 0)
    renumber.close_past()
    assert renumber.index(102) is None
    assert renumber.back(FIRST) is None
    assert send(renumber, 104, 0) == FIRST + 4
