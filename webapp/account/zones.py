"""The time zones that a person may choose from."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from wtforms.fields.choices import SelectChoice


@cache
def zone_choices() -> list[SelectChoice]:
    """Every zone that has a place in its name, and UTC, for a select."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [SelectChoice(name, name.replace("_", " ")) for name in [*names, "UTC"]]
