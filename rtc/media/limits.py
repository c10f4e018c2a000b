"""Token buckets: how much of something one party may have."""

from __future__ import annotations


class TokenBucket:
    """*rate_per_s* tokens come in each second, up to *burst*. Times are seconds on any one steady clock."""

    __slots__ = ("_at", "_burst", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: float, burst: float, at: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._at = at

    def take(self, at: float, tokens: float = 1.0) -> bool:
        """Take *tokens* if they are there; whether they were."""
        if at > self._at:
            self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate_per_s)
            self._at = at
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True
