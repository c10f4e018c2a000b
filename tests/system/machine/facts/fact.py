"""A fact: a sentence, and how it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.system.machine.look import Look


@dataclass(frozen=True)
class Fact:
    """*seen* returns an empty text if *name* is true, else what there is instead; it raises Skip with a reason."""

    name: str
    seen: Callable[[Look], str]


def fact(name: str, holds: Callable[[Look], bool], instead: Callable[[Look], object] = lambda _look: "not so") -> Fact:
    """A fact that *holds*, or not: then *instead* says what there is."""
    return Fact(name, lambda look: "" if holds(look) else str(instead(look)) or "nothing")


def equal(name: str, there: Callable[[Look], object], wanted: object) -> Fact:
    """A fact that what is *there* is what is *wanted*."""
    return fact(name, lambda look: there(look) == wanted, lambda look: f"{there(look)!r} instead of {wanted!r}")


def none(name: str, found: Callable[[Look], object]) -> Fact:
    """A fact of absence: nothing is *found*."""
    return fact(name, lambda look: not found(look), found)
