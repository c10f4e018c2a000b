"""Full packet indexes from sequence numbers, and which of them were seen (RFC 3711, 3.3.1 and 3.3.2)."""

from __future__ import annotations

WINDOW = 1024


class RtpWindow:
    """The packets of one SSRC. ``guess``, authenticate, then ``accept``: the sender's claims alone change nothing."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = -1
        self._seen = [-1] * WINDOW

    def guess(self, sequence: int) -> int | None:
        """The 48-bit index most likely meant by *sequence*; None if that packet is old or was seen."""
        highest = self._highest
        if highest < 0:
            return sequence
        index = (highest & ~0xFFFF) | sequence
        if index - highest > 0x8000:
            index -= 0x10000
        elif highest - index > 0x8000:
            index += 0x10000
        if index < 0 or index <= highest - WINDOW or self._seen[index % WINDOW] == index:
            return None
        return index

    def accept(self, index: int) -> None:
        """The packet was authentic."""
        if index > self._highest:
            self._highest = index
        self._seen[index % WINDOW] = index


class RtcpWindow:
    """The compounds of one SSRC, which carry their index."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = -1
        self._seen = [-1] * WINDOW

    def fresh(self, index: int) -> bool:
        """Whether the authentic compound *index* is seen for the first time; notes that it was."""
        if index <= self._highest - WINDOW or self._seen[index % WINDOW] == index:
            return False
        if index > self._highest:
            self._highest = index
        self._seen[index % WINDOW] = index
        return True
