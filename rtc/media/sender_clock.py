"""How a sender's timestamps relate to its wall clock, for the reports that viewers get (RFC 3550, 6.4.1)."""

from __future__ import annotations


class SenderClock:
    """Carries the sender's last report on, so that viewers can be sent one each second and keep lips in step."""

    __slots__ = ("_at", "_clock_rate", "_ntp", "_rtp", "_ssrc")

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._ssrc = -1
        self._ntp = 0
        self._rtp = 0
        self._at = 0.0

    def sender_report(self, ssrc: int, ntp: int, rtp: int, at: float) -> None:
        """Take over a sender report that arrived at *at* seconds on a steady clock."""
        self._ssrc, self._ntp, self._rtp, self._at = ssrc, ntp, rtp, at

    def now(self, ssrc: int, at: float) -> tuple[int, int] | None:
        """(64-bit NTP time, timestamp) of the sender at *at*; None before the first report as *ssrc*."""
        if ssrc != self._ssrc:
            return None
        elapsed_s = at - self._at
        return (
            (self._ntp + int(elapsed_s * 0x100000000)) & 0xFFFFFFFFFFFFFFFF,
            (self._rtp + int(elapsed_s * self._clock_rate)) & 0xFFFFFFFF,
        )
