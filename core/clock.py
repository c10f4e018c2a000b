"""Time as this house keeps it: aware, in UTC, and handed down as a parameter."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The present, for the outermost layer only; everything below takes ``at``."""
    return datetime.now(UTC)


def from_unix(seconds: float) -> datetime:
    """The aware UTC time of a Unix timestamp in seconds."""
    return datetime.fromtimestamp(seconds, UTC)
