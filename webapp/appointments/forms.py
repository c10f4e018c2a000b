"""The forms that book and move."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField, SelectField, TextAreaField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from core.errors import Invalid
from webapp.appointments.actions import MINUTES_MIN
from webapp.appointments.local_time import beyond_gap, instants
from webapp.appointments.models import MINUTES_MAX
from webapp.ui.fields import DayField
from webapp.ui.times import clock_time, zone_short

REASON_MAX = 500
_TOO_LONG = lazy_gettext("Please take at most %(max)d characters.")
_HOW_LONG = lazy_gettext("Choose between %(min)d and %(max)d minutes.")


def _trim(text: str | None) -> str:
    return (text or "").strip()


class MinutesField(IntegerField):  # type: ignore[misc]  # wtforms has no types
    """A whole number; what is none is said in our words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as e:
            raise ValueError(gettext("Please write how many minutes.")) from e


class TimeForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Day and time on the practice's wall clock. *which* is asked only where the hour comes twice."""

    day = DayField(lazy_gettext("Date"), [DataRequired(lazy_gettext("Please choose a date."))])
    time = TimeField(lazy_gettext("Time"), [InputRequired(lazy_gettext("Please choose a time."))])
    minutes = MinutesField(
        lazy_gettext("Minutes"),
        [
            InputRequired(lazy_gettext("Please write how many minutes.")),
            NumberRange(MINUTES_MIN, MINUTES_MAX, _HOW_LONG),
        ],
    )
    which = RadioField(lazy_gettext("Which one"), [Optional()], choices=(), validate_choice=False)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """The moment that was meant, as UTC. Invalid if there is none that day, or if it has to be said which."""
        moments = instants(self.day.data, self.time.data, zone)
        if not moments:
            later = clock_time(beyond_gap(self.day.data, self.time.data, zone), zone)
            sentence = gettext(
                "Clocks go forward that day and this time is left out. Did you mean %(time)s?", time=later
            )
            raise Invalid(sentence, field="time")
        if len(moments) == 1:
            return moments[0]
        self.which.choices = [
            (str(number), gettext("%(time)s, the first time", time=_said(moments[0], zone)) if number == 0
             else gettext("%(time)s, an hour later", time=_said(moments[1], zone)))
            for number in (0, 1)
        ]  # fmt: skip
        if self.which.data not in ("0", "1"):
            raise Invalid(
                gettext("Clocks go back that day and this time comes twice. Choose one of the two."), field="which"
            )
        return moments[int(self.which.data)]


class BookForm(TimeForm):
    """A new appointment."""

    reason = TextAreaField(lazy_gettext("Reason"), [Length(max=REASON_MAX, message=_TOO_LONG)], filters=[_trim])


class HandOverForm(TimeForm):
    """Another time, or another provider: for admins."""

    provider = SelectField(lazy_gettext("Provider"), [InputRequired(lazy_gettext("Choose a colleague from the list."))])


def _said(moment: datetime, zone: ZoneInfo) -> str:
    return f"{clock_time(moment, zone)} {zone_short(moment, zone)}"
