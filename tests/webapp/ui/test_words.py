"""Times, names and icons as a reader meets them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from webapp import ui
from webapp.ui import people, times
from webapp.ui.trouble import trouble_of

VERMONT = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)  # Thursday, 10:30 AM in Vermont


@pytest.fixture(autouse=True)
def app() -> Iterator[Flask]:
    app = Flask("words", static_folder=None)
    ui.init_app(app, clock=lambda: NOW)
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        yield app


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW, "Today, 10:30 AM EDT"),
        (NOW + timedelta(days=1), "Tomorrow, 10:30 AM EDT"),
        (NOW - timedelta(days=1), "Yesterday, 10:30 AM EDT"),
        (datetime(2026, 3, 17, 18, 30, tzinfo=UTC), "Tue, March 17, 2:30 PM EDT"),
        (datetime(2025, 12, 31, 15, 0, tzinfo=UTC), "Wed, December 31, 2025, 10:00 AM EST"),
        # 11:30 PM the evening before in Vermont, though the date in UTC is today's
        (datetime(2026, 3, 12, 3, 30, tzinfo=UTC), "Yesterday, 11:30 PM EDT"),
    ],
)
def test_a_time_is_said_in_the_readers_zone(at: datetime, words: str) -> None:
    assert times.when(at, VERMONT, now=NOW) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW, "Thu, March 12, 10:30 AM EDT"),
        (datetime(2025, 12, 31, 15, 0, tzinfo=UTC), "Wed, December 31, 2025, 10:00 AM EST"),
    ],
)
def test_what_is_read_on_another_day_names_its_day(at: datetime, words: str) -> None:
    assert times.dated(at, VERMONT, now=NOW) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW + timedelta(hours=2), "12:30 PM EDT"),
        (NOW + timedelta(days=1), "tomorrow, 10:30 AM EDT"),
        (datetime(2026, 3, 17, 18, 30, tzinfo=UTC), "Tue, March 17, 2:30 PM EDT"),
    ],
)
def test_after_from_a_time_goes_on_in_its_sentence(at: datetime, words: str) -> None:
    assert times.from_when(at, VERMONT, now=NOW) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW - timedelta(hours=2, minutes=16), "8:14 AM"),
        (NOW - timedelta(days=1), "Wed"),
        (NOW - timedelta(days=6), "Fri"),
        (NOW - timedelta(days=7), "Mar 5"),
        (NOW + timedelta(days=1), "Mar 13"),
        (NOW - timedelta(days=400), "Feb 5, 2025"),
    ],
)
def test_dense_lists_shorten_a_time(at: datetime, words: str) -> None:
    assert times.short_when(at, VERMONT, now=NOW) == words


def test_what_is_signed_always_says_its_year_and_zone() -> None:
    at = datetime(2026, 3, 5, 16, 24, tzinfo=UTC)
    assert times.record_when(at, VERMONT) == "Mar 5, 2026, 11:24 AM EST"


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("America/New_York", "EDT"),
        ("Asia/Ho_Chi_Minh", "UTC+7"),
        ("Asia/Kathmandu", "UTC+5:45"),
        ("America/Sao_Paulo", "UTC−3"),
    ],
)
def test_a_zone_without_letters_is_said_by_its_distance(zone: str, words: str) -> None:
    assert times.zone_short(NOW, ZoneInfo(zone)) == words


def test_the_long_name_of_a_zone_is_said_once_on_a_view() -> None:
    assert times.zone_long(NOW, VERMONT) == "Eastern Time (EDT)"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        times.when(NOW.replace(tzinfo=None), VERMONT, now=NOW)


def test_a_birthday_does_not_move_with_the_zone() -> None:
    assert times.calendar_date(date(1988, 4, 9)) == "April 9, 1988"


def test_waiting_never_counts_below_zero() -> None:
    assert times.minutes_since(NOW - timedelta(minutes=3, seconds=59), now=NOW) == 3
    assert times.minutes_since(NOW + timedelta(seconds=30), now=NOW) == 0


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maren Halvorsen", "MH"),
        ("Nguyễn Thị Hương", "NH"),
        ("Dr. Amara Okafor", "AO"),
        ("Bartholomew “Bart” Featherstonehaugh-Nakamura", "BF"),
        ("Ønske", "Ø"),
        ("  ", "?"),
        ("802-555-0147", "?"),
    ],
)
def test_initials_are_the_first_and_the_last_word(name: str, letters: str) -> None:
    assert people.initials(name) == letters


def test_a_person_keeps_one_of_six_tints() -> None:
    tints = {people.tint(UUID(int=number)) for number in range(60)}
    assert tints == set(range(6))


def test_an_unknown_language_reads_english(app: Flask) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "tlh"}):
        assert times.when(NOW, VERMONT, now=NOW) == "Today, 10:30 AM EDT"


def test_a_page_that_only_takes_forms_is_no_fault_of_ours() -> None:
    assert trouble_of(405) == trouble_of(404)
    assert "on our side" in trouble_of(500).title
    assert not any("on our side" in trouble_of(status).title for status in (400, 405, 414, 415, 422, 431))
