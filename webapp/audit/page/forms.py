"""What is looked for in the audit record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from webapp.audit.events import Action
from webapp.audit.page.queries import Filter
from webapp.audit.page.words import WORDS
from webapp.ui.fields import DayField

TEXT_MAX = 100


class FilterForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Read from the address of the page, so that a search can be kept as a link."""

    class Meta:
        csrf = False  # asks, changes nothing

    who = StringField(lazy_gettext("Person"), [Length(max=TEXT_MAX)])
    client = StringField(lazy_gettext("Client"), [Length(max=TEXT_MAX)])
    action = SelectField(lazy_gettext("What"), validate_choice=False)
    first = DayField(lazy_gettext("From"), [Optional()])
    last = DayField(lazy_gettext("To"), [Optional()])

    def __init__(self, arguments: Mapping[str, str], **kwargs: object) -> None:
        super().__init__(formdata=arguments or None, **kwargs)
        words = sorted(((action.value, str(words)) for action, words in WORDS.items()), key=lambda pair: pair[1])
        self.action.choices = [("", gettext("Everything")), *words]

    def wanted(self, zone: ZoneInfo) -> Filter:
        """The filter; days are whole ones on a clock in *zone*. What cannot be read is left out."""
        self.validate()
        action = next((each for each in Action if each.value == self.action.data), None)
        last = self.last.data
        return Filter(
            who=_text(self.who),
            client=_text(self.client),
            action=action,
            since=_midnight(self.first.data, zone),
            until=_midnight(last + timedelta(days=1) if last else None, zone),
        )


def _text(field: StringField) -> str:
    return (field.data or "").strip()[:TEXT_MAX]


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) if day else None
