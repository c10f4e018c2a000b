"""What a clock on a wall means on the days when clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from webapp.appointments.local_time import beyond_gap, day_bounds, instants

NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)


def test_ordinary_time_is_one_moment() -> None:
    assert instants(date(2026, 3, 12), time(10, 30), NEW_YORK) == (datetime(2026, 3, 12, 14, 30, tzinfo=UTC),)


def test_left_out_hour_is_no_moment_and_its_edges_are() -> None:
    assert instants(SPRING, time(2, 30), NEW_YORK) == ()
    assert instants(SPRING, time(1, 59), NEW_YORK) == (datetime(2026, 3, 8, 6, 59, tzinfo=UTC),)
    assert instants(SPRING, time(3, 0), NEW_YORK) == (datetime(2026, 3, 8, 7, 0, tzinfo=UTC),)


def test_left_out_time_is_an_hour_later_on_a_clock_that_was_put_forward() -> None:
    assert beyond_gap(SPRING, time(2, 30), NEW_YORK).time() == time(3, 30)


def test_hour_that_comes_twice_is_two_moments_an_hour_apart() -> None:
    first, second = instants(AUTUMN, time(1, 30), NEW_YORK)
    assert (first, second) == (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC))


def test_half_hour_change_of_lord_howe_island_is_understood() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert instants(date(2026, 10, 4), time(2, 15), lord_howe) == ()
    assert len(instants(date(2026, 4, 5), time(1, 45), lord_howe)) == 2


def test_days_have_23_24_or_25_hours() -> None:
    lengths = [
        (after - first).total_seconds() / 3600
        for first, after in (day_bounds(day, NEW_YORK) for day in (SPRING, date(2026, 3, 12), AUTUMN))
    ]
    assert lengths == [23, 24, 25]
