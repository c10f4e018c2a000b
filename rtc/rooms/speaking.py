"""Who is heard, from the loudness that each microphone's packets carry (RFC 6464)."""

from __future__ import annotations

from collections.abc import Mapping

HEARD_DBOV = 50  # levels are in -dBov; speech into a headset is about 20 to 40, a quiet room 60 and more
STEP_DB = 6  # two people within one step do not change places
HOLD_S = 0.8  # pauses between words do not end a turn


class Speakers:
    """Keeps the list of one room steady."""

    def __init__(self) -> None:
        self.current: tuple[str, ...] = ()
        self._heard: dict[str, tuple[float, int]] = {}  # participant → (when, loudness step)

    def listen(self, levels: Mapping[str, int | None], tick: float) -> bool:
        """Take in the *levels* of everybody with an open microphone. True if the list has changed."""
        for participant, level in levels.items():
            if level is not None and level < HEARD_DBOV:
                self._heard[participant] = (tick, level // STEP_DB)
        self._heard = {
            participant: (when, step)
            for participant, (when, step) in self._heard.items()
            if participant in levels and tick - when <= HOLD_S
        }
        order = tuple(sorted(self._heard, key=lambda participant: (self._heard[participant][1], participant)))
        changed = order != self.current
        self.current = order
        return changed
