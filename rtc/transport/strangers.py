"""How many connectivity checks an address gets that has not yet proved itself."""

from __future__ import annotations

from rtc.media.limits import TokenBucket

CHECKS_PER_S = 50  # a browser that starts sends about 20 a second
BURST = 100
HOSTS_MOST = 4096


class Strangers:
    """A bucket for each host address, for a bounded number of hosts."""

    def __init__(self) -> None:
        self._buckets: dict[str, TokenBucket] = {}

    def may_ask(self, host: str, at: float) -> bool:
        """Whether a check from *host* is looked at."""
        bucket = self._buckets.get(host)
        if bucket is None:
            if len(self._buckets) >= HOSTS_MOST:
                self._make_room(at)
            bucket = self._buckets[host] = TokenBucket(CHECKS_PER_S, BURST, at)
        return bucket.take(at)

    def _make_room(self, at: float) -> None:
        self._buckets = {host: bucket for host, bucket in self._buckets.items() if not bucket.full(at)}
        while len(self._buckets) >= HOSTS_MOST:
            del self._buckets[next(iter(self._buckets))]
