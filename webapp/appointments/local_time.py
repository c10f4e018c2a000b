"""What a clock on a wall means: on two days of the year an hour is missing, or comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def instants(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moments at which a clock in *zone* shows this, as UTC: none in a gap, two where the hour comes twice."""
    wall = datetime.combine(day, clock)
    found = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(moment for moment in found if moment.astimezone(zone).replace(tzinfo=None) == wall))


def beyond_gap(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """What a clock shows that was not put forward in time: 3:30 for the missing 2:30. Aware, in *zone*."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC).astimezone(zone)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning of *day* and of the next in *zone*, as UTC: 23, 24 or 25 hours apart."""
    first = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    following = date.fromordinal(day.toordinal() + 1)
    return first, datetime.combine(following, time.min, tzinfo=zone).astimezone(UTC)
