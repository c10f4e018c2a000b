"""Dates and times as the reader says them, in the reader's zone.

Patterns are CLDR ones (Unicode TS 35) and pass through gettext, so a language can put the day before the month.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_name
from flask_babel import get_locale, gettext, ngettext, pgettext


def _pattern(pattern: str) -> str:
    """The reader's version of a pattern that was marked for translation where it stands."""
    return pgettext("date pattern", pattern)


def _write(at: datetime, pattern: str) -> str:
    return format_datetime(at, pattern, tzinfo=at.tzinfo, locale=get_locale() or "en")


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A time without a zone cannot be shown; keep it aware, in UTC.")
    return at.astimezone(zone)


def zone_short(at: datetime, zone: ZoneInfo) -> str:
    """“EDT”; zones without letters of their own read “UTC+7”."""
    local = _local(at, zone)
    name = local.tzname() or ""
    if name.isalpha():
        return name
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def zone_long(at: datetime, zone: ZoneInfo) -> str:
    """“Eastern Time (EDT)”, said once on a view."""
    generic = get_timezone_name(zone, width="long", zone_variant="generic", locale=get_locale() or "en")
    return f"{generic} ({zone_short(at, zone)})"


def clock_time(at: datetime, zone: ZoneInfo, *, with_zone: bool = False) -> str:
    """“10:30 AM”, or “10:30 AM EDT”."""
    local = _local(at, zone)
    text = _write(local, _pattern("h:mm a"))
    return f"{text} {zone_short(at, zone)}" if with_zone else text


def day(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """“Thursday, March 12”, with the year when it is not this one."""
    local = _local(at, zone)
    this_year = local.year == _local(now, zone).year
    return _write(local, _pattern("EEEE, MMMM d") if this_year else _pattern("EEEE, MMMM d, y"))


def _date(local: datetime, *, this_year: bool) -> str:
    return _write(local, _pattern("EEE, MMMM d") if this_year else _pattern("EEE, MMMM d, y"))


def when(at: datetime, zone: ZoneInfo, *, now: datetime, with_zone: bool = True) -> str:
    """“Today, 10:30 AM EDT”, “Tue, March 17, 2:30 PM EDT”; the year when it is not this one."""
    local, today = _local(at, zone), _local(now, zone).date()
    time = clock_time(at, zone, with_zone=with_zone)
    near = {
        today: gettext("Today"),
        today + timedelta(days=1): gettext("Tomorrow"),
        today - timedelta(days=1): gettext("Yesterday"),
    }.get(local.date())
    if near is None:
        near = _date(local, this_year=local.year == today.year)
    return pgettext("day and time", "%(day)s, %(time)s", day=near, time=time)


def dated(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """For what is read on another day than it was written, such as a mail: “Tue, March 17, 2:30 PM EDT”."""
    local = _local(at, zone)
    date_text = _date(local, this_year=local.year == _local(now, zone).year)
    return pgettext("day and time", "%(day)s, %(time)s", day=date_text, time=clock_time(at, zone, with_zone=True))


def from_when(at: datetime, zone: ZoneInfo, *, now: datetime, with_zone: bool = True) -> str:
    """What follows “from” in a sentence: “10:30 AM EDT” today, “tomorrow, 10:30 AM EDT”, else as ``when``."""
    ahead = _local(at, zone).date() - _local(now, zone).date()
    time = clock_time(at, zone, with_zone=with_zone)
    if ahead == timedelta():
        return time
    if ahead == timedelta(days=1):
        return pgettext("day and time", "%(day)s, %(time)s", day=gettext("tomorrow"), time=time)
    return when(at, zone, now=now, with_zone=with_zone)


def short_when(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """For dense lists: “8:14 AM” today, “Wed” in the last six days, else “Mar 9”, “Mar 9, 2025”."""
    local, today = _local(at, zone), _local(now, zone).date()
    if local.date() == today:
        return clock_time(at, zone)
    if timedelta() < today - local.date() < timedelta(days=7):
        return _write(local, "EEE")
    return _write(local, _pattern("MMM d") if local.year == today.year else _pattern("MMM d, y"))


def record_when(at: datetime, zone: ZoneInfo) -> str:
    """For what is signed or paid, where the year always stands: “Mar 5, 2026, 11:24 AM EST”."""
    local = _local(at, zone)
    date_text = _write(local, _pattern("MMM d, y"))
    return pgettext("day and time", "%(day)s, %(time)s", day=date_text, time=clock_time(at, zone, with_zone=True))


def calendar_date(on: date) -> str:
    """“April 9, 1988”: a date that has no time or zone, such as a birthday."""
    return format_date(on, _pattern("MMMM d, y"), locale=get_locale() or "en")


def minutes_since(since: datetime, *, now: datetime) -> int:
    """Whole minutes, never below zero: a clock that was set back shows 0, not −1."""
    return max(0, int((now - since).total_seconds() // 60))


def length_min(minutes: int) -> str:
    """“50 min”."""
    return ngettext("%(num)d min", "%(num)d min", minutes)
