"""One instant on two clocks: the calendar's, and one that never jumps."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """*at* is Unix seconds, for grants and the history; *tick* is monotonic seconds, for waiting."""

    at: float
    tick: float

    @staticmethod
    def present() -> Moment:
        """The present; only the outermost layer asks for it."""
        return Moment(time.time(), time.monotonic())

    def at_then(self, before: Moment) -> float:
        """What the calendar's clock, as it goes now, would have shown at *before*: it may have been set since."""
        return self.at - (self.tick - before.tick)

    def later(self, seconds: float) -> Moment:
        return Moment(self.at + seconds, self.tick + seconds)
