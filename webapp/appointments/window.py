"""When an appointment can be entered. Nothing here reads a clock or a database."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

CLIENT_EARLY = timedelta(minutes=15)
LATE = timedelta(hours=2)  # visits run over, and people come back to finish one


class Entry(enum.Enum):
    """Whether a door opens."""

    OPEN = "open"
    NOT_YET = "not yet"
    OVER = "over"  # its time has passed, or its provider ended it
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Window:
    """Enterable from *opens_at* until just before *closes_at*; *ended* and *cancelled* shut it for good."""

    opens_at: datetime
    closes_at: datetime
    ended: bool = False
    cancelled: bool = False

    def entry(self, *, at: datetime) -> Entry:
        """What somebody who comes at *at* finds."""
        if self.cancelled:
            return Entry.CANCELLED
        if self.ended or at >= self.closes_at:
            return Entry.OVER
        return Entry.OPEN if at >= self.opens_at else Entry.NOT_YET


def for_client(starts_at: datetime, minutes: int, *, ended: bool = False, cancelled: bool = False) -> Window:
    """From 15 minutes before the start until 2 hours after the end."""
    return Window(starts_at - CLIENT_EARLY, starts_at + timedelta(minutes=minutes) + LATE, ended, cancelled)


def for_provider(
    starts_at: datetime, minutes: int, zone: ZoneInfo, *, ended: bool = False, cancelled: bool = False
) -> Window:
    """From the beginning of that day in the provider's *zone*, and never later than for the client."""
    client = for_client(starts_at, minutes, ended=ended, cancelled=cancelled)
    midnight = datetime.combine(starts_at.astimezone(zone).date(), time.min, tzinfo=zone).astimezone(starts_at.tzinfo)
    return Window(min(midnight, client.opens_at), client.closes_at, ended, cancelled)
