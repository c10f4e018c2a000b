"""How many connectivity checks an address gets that has not yet proved itself."""

from __future__ import annotations

from collections import OrderedDict

from rtc.media.limits import TokenBucket

CHECKS_PER_S = 50  # a browser that starts sends about 20 a second
BURST = 100
HOSTS_MOST = 4096


class Strangers:
    """A bucket for each host address, for a bounded number of hosts: those that asked first are forgotten first.

    Making room takes the same time however many there are, as a flood may come from an invented host each time.
    """

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        """How many hosts are remembered."""
        return len(self._buckets)

    def may_ask(self, host: str, at: float) -> bool:
        """Whether a check from *host* is looked at."""
        bucket = self._buckets.get(host)
        if bucket is None:
            if len(self._buckets) >= HOSTS_MOST:
                self._buckets.popitem(last=False)
            bucket = self._buckets[host] = TokenBucket(CHECKS_PER_S, BURST, at)
        return bucket.take(at)
