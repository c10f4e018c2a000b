"""What can be had once is had once, however many come for it at the same moment. The long form is tests.bench.races."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.settings import Settings
from tests.webapp.account.racing import RACERS, RACES, Race, Try, wrong_rounds

ROUNDS = 3


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_one_of_twenty_wins(database: Settings, race: Race) -> None:
    assert wrong_rounds(race, database, rounds=ROUNDS) == []


def test_race_without_a_guard_is_noticed(database: Settings) -> None:
    def unguarded(_settings: Settings, _at: datetime) -> Try:
        return lambda _number: None

    assert wrong_rounds(Race("planted", unguarded), database, rounds=1) == [RACERS]
