"""What every input of a form says to a screen reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


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
