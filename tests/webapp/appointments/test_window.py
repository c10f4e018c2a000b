"""When an appointment can be entered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.appointments.window import Entry, for_client, for_provider

START = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)  # 10:30 AM in New York
NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (START - 15 * MINUTE - TICK, Entry.NOT_YET),
        (START - 15 * MINUTE, Entry.OPEN),
        (START + 50 * MINUTE, Entry.OPEN),
        (START + 170 * MINUTE - TICK, Entry.OPEN),
        (START + 170 * MINUTE, Entry.OVER),
    ],
)
def test_client_enters_from_15_minutes_before_until_2_hours_after_the_end(at: datetime, found: Entry) -> None:
    assert for_client(START, 50).entry(at=at) is found


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (datetime(2026, 3, 12, 3, 59, 59, tzinfo=UTC), Entry.NOT_YET),
        (datetime(2026, 3, 12, 4, 0, tzinfo=UTC), Entry.OPEN),  # midnight in New York
        (START + 170 * MINUTE - TICK, Entry.OPEN),
        (START + 170 * MINUTE, Entry.OVER),
    ],
)
def test_provider_enters_from_the_beginning_of_that_day(at: datetime, found: Entry) -> None:
    assert for_provider(START, 50, NEW_YORK).entry(at=at) is found


def test_provider_of_a_visit_just_after_midnight_is_never_later_than_the_client() -> None:
    just_after = datetime(2026, 3, 12, 4, 5, tzinfo=UTC)  # 0:05 AM in New York
    client, provider = for_client(just_after, 50), for_provider(just_after, 50, NEW_YORK)
    assert provider.opens_at == client.opens_at


def test_ended_visit_is_over_even_while_its_time_lasts() -> None:
    assert for_client(START, 50, ended=True).entry(at=START) is Entry.OVER
    assert for_provider(START, 50, NEW_YORK, ended=True).entry(at=START) is Entry.OVER


def test_cancelled_appointment_says_so_before_during_and_after() -> None:
    for at in (START - timedelta(days=3), START, START + timedelta(days=3)):
        assert for_client(START, 50, cancelled=True).entry(at=at) is Entry.CANCELLED


def test_length_of_the_day_in_spring_does_not_move_the_provider_s_midnight() -> None:
    changing = datetime(2026, 3, 8, 14, 0, tzinfo=UTC)  # the day on which clocks moved forward
    assert for_provider(changing, 50, NEW_YORK).opens_at == datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
