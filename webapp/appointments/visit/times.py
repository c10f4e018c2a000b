"""Why a door is shut, in a sentence with the reader's own time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import get_timezone, gettext

from webapp.appointments.policy import ReadAppointment
from webapp.appointments.window import Entry
from webapp.ui import times


def shut_sentence(read: ReadAppointment, *, at: datetime) -> str:
    """Empty while the visit can be entered."""
    match read.window.entry(at=at):
        case Entry.OPEN:
            return ""
        case Entry.NOT_YET:
            opens = times.from_when(read.window.opens_at, reader_zone(), now=at)
            return gettext("This visit is not open yet. You can join from %(time)s.", time=opens)
        case Entry.CANCELLED:
            return gettext("This visit was cancelled.")
        case Entry.OVER:
            return gettext("This visit is over.")


def reader_zone() -> ZoneInfo:
    """The zone in which the present reader's page is written."""
    return ZoneInfo(str(get_timezone() or "UTC"))
