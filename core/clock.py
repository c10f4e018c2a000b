"""Time as this house keeps it: aware, in UTC, and handed down as a parameter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def utcnow() -> datetime:
    """The present, for the outermost layer only; everything below takes ``at``."""
    return datetime.now(UTC)


def from_unix(seconds: float) -> datetime:
    """The aware UTC time of a Unix timestamp in seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def has_passed(wait: timedelta, since: datetime | None, *, at: datetime) -> bool:
    """Whether *wait* is over at *at*; yes, if *since* is unknown.

    A *since* that is still to come was noted while the clock was wrong. It counts as unknown: what is done again and
    again would else stand still until then, for years perhaps, and nobody would hear of it.
    """
    return since is None or since > at or at - since >= wait
