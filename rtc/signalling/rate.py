"""How many messages somebody may send: a bucket that refills, and an end to patience."""

from __future__ import annotations

import enum

PER_SECOND = 20.0
BURST = 40.0
PATIENCE = 200.0  # dropped messages, forgiven at PER_SECOND / 2, until the websocket is closed
ERROR_EVERY_S = 1.0  # answering each message of a flood would be one, too


class Verdict(enum.Enum):
    TAKE = enum.auto()
    DROP = enum.auto()
    DROP_AND_SAY = enum.auto()
    CLOSE = enum.auto()


class MessageRate:
    """Belongs to the participant, so that a new websocket brings no new allowance. Ticks are monotonic seconds."""

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._allowance = BURST
        self._dropped = 0.0
        self._said = -ERROR_EVERY_S + tick

    def judge(self, tick: float) -> Verdict:
        """What is to be done with a message that arrives at *tick*."""
        passed_s, self._tick = max(0.0, tick - self._tick), tick
        self._allowance = min(BURST, self._allowance + passed_s * PER_SECOND)
        self._dropped = max(0.0, self._dropped - passed_s * PER_SECOND / 2)
        if self._allowance >= 1:
            self._allowance -= 1
            return Verdict.TAKE
        self._dropped += 1
        if self._dropped > PATIENCE:
            self._dropped = 0.0
            return Verdict.CLOSE
        if tick - self._said >= ERROR_EVERY_S:
            self._said = tick
            return Verdict.DROP_AND_SAY
        return Verdict.DROP
