"""A few hundred of the random swaps; ``make bench-swaps`` plays 5,000."""

from __future__ import annotations

import random

import pytest

from tests.webapp.matrix.playing import World
from tests.webapp.matrix.swaps import Swaps
from webapp.clients import policy

COUNT = 200


def test_swapped_ids_open_nothing(world: World) -> None:
    played = Swaps(world, random.Random()).run(COUNT)
    assert played["refused"] > COUNT / 2


def test_planted_hole_is_found_by_swapping(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "on_care_team", lambda *_who: True)
    with pytest.raises(AssertionError):
        Swaps(world, random.Random(1)).run(COUNT)
