"""How many connectivity checks a host gets at one leg from addresses that have not yet proved themselves."""

from __future__ import annotations

from collections import OrderedDict

from rtc.media.limits import TokenBucket

CHECKS_PER_S = 50  # a browser that starts sends about 20 a second
BURST = 100
PAIRS_MOST = 4096


class Strangers:
    """A bucket for each host and leg, for a bounded number of them: those that asked first are forgotten first.

    For each leg, as many people may share a host's address, first of all those whom coturn relays: one of them who
    floods his own leg keeps nobody else from entering.
    Making room takes the same time however many there are, as a flood may come from an invented host each time.
    """

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, int], TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        """How many pairs are remembered."""
        return len(self._buckets)

    def may_ask(self, host: str, leg: int, at: float) -> bool:
        """Whether a check from *host* for *leg* is looked at."""
        pair = host, leg
        bucket = self._buckets.get(pair)
        if bucket is None:
            if len(self._buckets) >= PAIRS_MOST:
                self._buckets.popitem(last=False)
            bucket = self._buckets[pair] = TokenBucket(CHECKS_PER_S, BURST, at)
        return bucket.take(at)
