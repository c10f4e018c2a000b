"""What bitrate a sender is told: the lowest that its current viewers can take."""

from __future__ import annotations

# One viewer on a bad line may not take the picture from all others: enough for a small picture and sound.
FLOOR_BPS = 100_000
CEILING_BPS = 2_500_000
FORGOTTEN_AFTER_S = 10.0  # browsers repeat an estimate about once a second


class ViewerEstimates:
    """The latest estimate of each viewer of one sender. *viewer* is any key; rates are in bits per second."""

    __slots__ = ("_estimates",)

    def __init__(self) -> None:
        self._estimates: dict[int, tuple[int, float]] = {}

    def note(self, viewer: int, bitrate_bps: int, at: float) -> None:
        self._estimates[viewer] = (bitrate_bps, at)

    def forget(self, viewer: int) -> None:
        """The viewer has left, or no longer receives this sender."""
        self._estimates.pop(viewer, None)

    def lowest_bps(self, at: float) -> int:
        """The lowest of the fresh estimates, between floor and ceiling; the ceiling if there is none."""
        lowest = CEILING_BPS
        for viewer, (bitrate_bps, noted_at) in list(self._estimates.items()):
            if at - noted_at > FORGOTTEN_AFTER_S:
                del self._estimates[viewer]
            elif bitrate_bps < lowest:
                lowest = bitrate_bps
        return max(lowest, FLOOR_BPS)
