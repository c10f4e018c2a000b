"""Which lost packets to ask a sender for, when several viewers may ask for the same one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from rtc.media.limits import TokenBucket

ASK_AGAIN_S = 0.04  # a browser asks again after a round trip; sooner it is another viewer that asks
REQUESTS_PER_S = 300  # a third of what a sender at full rate has sent
REMEMBERED_MOST = 1024


class NackRequests:
    """The requests for one source. Times are seconds on any one steady clock."""

    __slots__ = ("_asked_at", "_bucket")

    def __init__(self, at: float) -> None:
        self._asked_at: OrderedDict[int, float] = OrderedDict()
        self._bucket = TokenBucket(REQUESTS_PER_S, REQUESTS_PER_S, at)

    def pass_on(self, sequences: Iterable[int], at: float) -> tuple[int, ...]:
        """Those of *sequences* (the source's numbers) to ask the sender for now."""
        asked = []
        for sequence in sequences:
            if at - self._asked_at.get(sequence, float("-inf")) < ASK_AGAIN_S or not self._bucket.take(at):
                continue
            self._asked_at.pop(sequence, None)
            self._asked_at[sequence] = at
            asked.append(sequence)
        while len(self._asked_at) > REMEMBERED_MOST:
            self._asked_at.popitem(last=False)
        return tuple(asked)
