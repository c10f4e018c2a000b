"""Requests with somebody else's ids, at random: what an attacker does who changes an address.

Each names things of the own scene, of another one, of another kind, or of nobody. Who may not is refused as if nothing
were there; who may gets through.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.webapp.matrix.playing import (
    OF_THE_PRACTICE,
    Answer,
    Place,
    World,
    bare,
    denials_since,
    is_recorded,
    kept,
    last_number,
)
from tests.webapp.matrix.scene import Scene, Who, make_scene

BATCH = 100  # how often the whole database is compared


@dataclass
class Swaps:
    """A run of them. *absent* is what each person gets where nothing is, for each endpoint."""

    world: World
    dice: random.Random
    other: Scene = field(default_factory=make_scene)
    absent: dict[tuple[str, Who], Answer] = field(default_factory=dict)
    played: Counter[str] = field(default_factory=Counter)

    def run(self, count: int) -> Counter[str]:
        """Play *count* swaps; how many were refused and how many got through. AssertionError at the first hole."""
        places = [place for place in self.world.places.values() if place.ids]
        before = kept()
        while self.played.total() < count:
            self._play(self.dice.choice(places), self.dice.choice(list(Who)))
            if self.played.total() % BATCH == 0:
                assert kept() == before
        assert kept() == before
        return self.played

    def _play(self, place: Place, who: Who) -> None:
        things, allowed = self._things(place, who)
        if allowed:
            # Acts would change the scene; test_matrix plays those.
            if place.is_get:
                before = last_number()
                answer = self.world.ask(who, place, things)
                answer.close()
                assert denials_since(before) == [], (place.endpoint, who, things)
                assert answer.status_code != 404, (place.endpoint, who, things)
                self.played["got through"] += 1
            return
        before = last_number()
        answer = bare(self.world.ask(who, place, things))
        told = last_number() - before
        if who is Who.ANONYMOUS:  # sent to the door, with the address to come back to
            assert (answer.status, told) == (401 if place.json else 302, 0), (place.endpoint, things)
        else:
            assert answer == self._nothing(place, who), (place.endpoint, who, things)
            assert told <= 1, (place.endpoint, who, things)
            assert is_recorded(self.world.scene.accounts[who].id, place, things), (place.endpoint, who, things)
        self.played["refused"] += 1

    def _things(self, place: Place, who: Who) -> tuple[dict[str, object], bool]:
        """What the address names, and whether the table lets *who* have it."""
        scenes: set[str] = set()
        things: dict[str, object] = {}
        for name, nobodys in place.missing().items():
            source = self.dice.choice(("own", "own", "other", "other", "kind", "nobody"))
            if name in OF_THE_PRACTICE and source == "other":
                source = "own"  # the whole practice's: there is no other scene of it
            match source:
                case "own":
                    things[name] = place.real(self.world.scene, who)[name]
                case "other":
                    things[name] = place.real(self.other, who)[name]
                case "kind":
                    wrong = [thing for kind, thing in self.world.scene.things.items() if kind != name]
                    things[name] = self.dice.choice(wrong)
                case _:
                    things[name] = nobodys
            scenes.add(source)
        if scenes == {"own"}:
            return things, place.allows(who)
        if scenes == {"other"}:
            return things, place.allows_stranger(who)
        return things, False

    def _nothing(self, place: Place, who: Who) -> Answer:
        if (place.endpoint, who) not in self.absent:
            self.absent[place.endpoint, who] = bare(self.world.ask(who, place, place.missing()))
        return self.absent[place.endpoint, who]
