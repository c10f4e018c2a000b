"""The unit of work: one transaction, its audit rows, and what must happen only if it commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.clock import utcnow
from webapp.audit import chain
from webapp.audit.events import Action, Event
from webapp.db.database import db, writing


@dataclass
class Unit:
    """An open unit. Rows written now, hooks run at its end."""

    events: list[Event]
    _before: list[Callable[[], None]] = field(default_factory=list)
    _after: list[Callable[[], None]] = field(default_factory=list)

    def before_commit(self, call: Callable[[], None]) -> None:
        """Run *call* last in the transaction, when this is the only appender: numbers it takes are in commit order."""
        self._before.append(call)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run *call* once the rows are safe; it does not run after a roll-back."""
        self._after.append(call)


_current: ContextVar[Unit | None] = ContextVar("unit", default=None)

# The actions recorded during the present request, for the guard to compare with what the route declared.
recorded: ContextVar[set[Action] | None] = ContextVar("recorded", default=None)


@contextmanager
def unit(*events: Event) -> Iterator[Unit]:
    """Everything written inside commits together with the audit rows of *events*, or not at all.

    A unit inside a unit joins it: one transaction, both events. At least one event must be there at the end.
    """
    outer = _current.get()
    if outer is not None:
        outer.events.extend(events)
        yield outer
        return
    work = Unit(list(events))
    current, allowed = _current.set(work), writing.set(True)
    try:
        with db.atomic():
            yield work
            if not work.events:
                raise RuntimeError("a unit of work that records no event")
            chain.lock()
            for call in work._before:
                call()
            chain.append(work.events, at=utcnow())
    finally:
        _current.reset(current)
        writing.reset(allowed)
    seen = recorded.get()
    if seen is not None:
        seen.update(event.action for event in work.events)
    for call in work._after:
        call()


@contextmanager
def housekeeping(why: str) -> Iterator[None]:
    """Writes that are no act of anybody: last-seen times, throttle counters, expired rows. *why* is for the reader."""
    if not why:
        raise TypeError("say why these writes need no audit row")
    allowed = writing.set(True)
    try:
        with db.atomic():
            yield
    finally:
        writing.reset(allowed)


def current_unit() -> Unit:
    """The open unit; a RuntimeError outside one is a programming fault."""
    work = _current.get()
    if work is None:
        raise RuntimeError("this belongs inside a unit of work")
    return work
