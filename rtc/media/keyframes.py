"""When to ask a sender for a keyframe: at most once a second, however many viewers ask."""

from __future__ import annotations

LEAST_PAUSE_S = 1.0


class KeyframeRequests:
    """The requests for one source. Times are seconds on any one steady clock."""

    __slots__ = ("_asked_at", "wanted")

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self.wanted = False

    def request(self, at: float) -> bool:
        """Note that a viewer needs a keyframe; whether to ask the sender now."""
        self.wanted = True
        return self.due(at)

    def due(self, at: float) -> bool:
        """Whether to ask the sender now. Call about ten times a second; a true answer counts as asked.

        What is wanted stays wanted until it came: a request may be lost like any other packet.
        """
        if not self.wanted or at - self._asked_at < LEAST_PAUSE_S:
            return False
        self._asked_at = at
        return True

    def came(self) -> None:
        """A keyframe has arrived."""
        self.wanted = False
