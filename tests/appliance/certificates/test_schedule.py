"""When a certificate is asked for and when clinic IT hears of one that ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.certificates.schedule import (
    Life,
    Memory,
    after_alert,
    after_failure,
    after_success,
    asking_is_due,
    due_alert,
    none_must_be_told,
)
from tests.appliance.certificates.made import NOW

DAY = timedelta(days=1)


def life(days: float, *, of: float = 90, real: bool = True, serial: int = 7) -> Life:
    """One that ends in *days*."""
    return Life(NOW + (days - of) * DAY, NOW + days * DAY, serial, real=real)


@pytest.mark.parametrize(
    ("one", "due"),
    [
        (life(31), False),
        (life(29), True),
        (life(3, of=6), False),
        (life(1.9, of=6), True),
        (life(397, of=397, real=False), True),
    ],
)
def test_it_is_renewed_when_a_third_of_its_life_is_left(one: Life, due: bool) -> None:
    assert asking_is_due(Memory(), one, at=NOW, incomplete=False) is due


def test_an_authority_that_fails_is_asked_less_and_less_often_but_never_given_up() -> None:
    memory, waits = Memory(), []
    for _ in range(8):
        memory = after_failure(memory, "no", at=NOW)
        waits.append(
            next(
                m
                for m in range(2000)
                if asking_is_due(memory, life(1), at=NOW + timedelta(minutes=m), incomplete=False)
            )
        )
    assert waits == [10, 30, 60, 180, 360, 720, 720, 720]
    # Let's Encrypt: five failed validations an hour for an account and a name.
    assert sum(sum(waits[:n]) < 60 for n in range(len(waits))) <= 4


def test_names_that_could_not_be_reached_are_tried_again_once_a_day() -> None:
    memory = after_success(Memory(), {"turn.clinic.example": "no address"}, at=NOW)
    assert not asking_is_due(memory, life(89), at=NOW + 0.9 * DAY, incomplete=True)
    assert asking_is_due(memory, life(89), at=NOW + DAY, incomplete=True)
    assert not asking_is_due(memory, life(89), at=NOW + DAY, incomplete=False)


def test_a_clock_that_was_once_years_ahead_does_not_keep_it_from_asking() -> None:
    ahead = after_failure(Memory(), "no", at=NOW + 3650 * DAY)
    assert asking_is_due(ahead, life(1), at=NOW, incomplete=False)


def alerts(
    memory: Memory, ends_in: float, days: int, *, renews_itself: bool, of: float = 90, serial: int = 7
) -> list[int]:
    """The days on which there is an alert, over *days* of looking every hour; counted from the end backwards."""
    one, told = life(ends_in, of=of, serial=serial), []
    for hour in range(days * 24):
        at = NOW + timedelta(hours=hour)
        due = due_alert(memory, one, at=at, renews_itself=renews_itself)
        if due is not None:
            told.append(due)
            memory = after_alert(memory, one, due)
    return told


@pytest.mark.parametrize("renews_itself", [True, False])
def test_clinic_it_hears_21_7_and_1_days_before_the_end_and_at_the_end_once_each(renews_itself: bool) -> None:
    assert alerts(Memory(), 25, 40, renews_itself=renews_itself) == [21, 7, 1, 0]


def test_after_a_long_pause_only_the_nearest_is_told() -> None:
    assert alerts(Memory(), 5, 3, renews_itself=False) == [7]


def test_the_next_certificate_has_alerts_of_its_own() -> None:
    memory = after_alert(Memory(), life(5, serial=7), 7)
    assert alerts(memory, 25, 10, renews_itself=False, serial=8) == [21]


def test_a_short_lived_certificate_that_is_renewed_in_time_gives_no_alarm() -> None:
    assert alerts(Memory(), 6, 4, renews_itself=True, of=6) == []
    assert alerts(Memory(), 6, 8, renews_itself=True, of=6) == [1, 0]
    assert alerts(Memory(), 45, 31, renews_itself=True, of=45) == []


def test_a_box_without_a_certificate_says_so_after_the_third_failure_and_once() -> None:
    one, memory = life(397, of=397, real=False), Memory()
    told = []
    for _ in range(5):
        memory = after_failure(memory, "no", at=NOW)
        told.append(none_must_be_told(memory, one))
        if told[-1]:
            memory = replace(memory, told_of_none=True)
    assert told == [False, False, True, False, False]
    assert due_alert(memory, one, at=NOW, renews_itself=True) is None
    assert not none_must_be_told(after_success(memory, {}, at=NOW), life(89))
