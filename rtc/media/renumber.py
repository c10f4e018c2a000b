"""Sequence numbers and timestamps of one route: what its viewer sees goes on without a break."""

from __future__ import annotations

# A viewer takes the first number it sees as that of the first round (RFC 3711, 3.3.1). Far from both ends, late
# packets from before the first one still have a number, and the round is not in doubt.
FIRST_INDEX_LEAST = 1 << 10
FIRST_INDEX_MOST = 1 << 14


class Renumber:
    """Maps 48-bit packet indexes (round << 16 | sequence) and timestamps of a source onto those of a route."""

    __slots__ = ("_index_offset", "_last_index", "_last_timestamp", "_oldest", "_timestamp_offset", "started")

    def __init__(self, first_index: int) -> None:
        self.started = False
        self._last_index = first_index - 1
        self._last_timestamp = 0
        self._index_offset = 0
        self._timestamp_offset = 0
        self._oldest = 0

    def start(self, index: int, timestamp: int) -> None:
        """Let the route go on with the packet *index*: one after the last it has sent.

        For the first packet, and again when the source goes on under another SSRC, whose numbers are unrelated.
        """
        if self.started:
            # One video frame or a few audio frames on: a step forward, of which the exact length is not known.
            self._timestamp_offset = (self._last_timestamp + 3000 - timestamp) & 0xFFFFFFFF
            self.close_past()
        self._index_offset = self._last_index + 1 - index
        self.started = True

    @property
    def last_index(self) -> int:
        """The highest index sent."""
        return self._last_index

    def close_past(self) -> None:
        """Let nothing more be sent under the numbers up to now, late or again."""
        self._oldest = self._last_index + 1

    def index(self, index: int) -> int | None:
        """The route's index of the source's *index*; None if it lies before what the route may still send."""
        mapped = index + self._index_offset
        if mapped < self._oldest:
            return None
        return mapped

    def back(self, sequence: int) -> int | None:
        """The source's index of a *sequence* number that the viewer names; None if it was never sent."""
        last = self._last_index
        mapped = (last & ~0xFFFF) | sequence
        if mapped > last:
            mapped -= 1 << 16
        if mapped < self._oldest or mapped < 0:
            return None
        return mapped - self._index_offset

    def timestamp(self, timestamp: int) -> int:
        """The route's timestamp of the source's. Modulo 2**32 (RFC 3550, 5.1)."""
        return (timestamp + self._timestamp_offset) & 0xFFFFFFFF

    def sent(self, mapped: int, mapped_timestamp: int) -> None:
        """Note that a packet was sent under these."""
        if mapped > self._last_index:
            self._last_index = mapped
            self._last_timestamp = mapped_timestamp
