"""What every input of a form says to a screen reader, and days on which one can count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flask_babel import gettext
from wtforms import DateField

YEARS = range(1900, 3000)  # beyond them a day may have no beginning in UTC, or no day after it


class FormField(Protocol):
    """The part of a WTForms field that matters here."""

    @property
    def id(self) -> str: ...

    @property
    def errors(self) -> Sequence[str]: ...


def field_attrs(field: FormField, hint: str, given: Mapping[str, object]) -> dict[str, object]:
    """Attributes for *field*: those *given*, and what describes it, its error or else its hint.

    The ids are those that ui/form.html writes.
    """
    attrs = dict(given)
    if field.errors:
        attrs["aria-describedby"] = f"{field.id}-wrong"
        attrs["aria-invalid"] = "true"
    elif hint:
        attrs["aria-describedby"] = f"{field.id}-hint"
    return attrs


class DayField(DateField):  # type: ignore[misc]  # wtforms has no types
    """A day that something begins or ends with; one a thousand years away is a slip."""

    data: Any  # a date, or None; wtforms does not say

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None and self.data.year not in YEARS:
            self.data = None
            raise ValueError(gettext("Please look at the year again."))
