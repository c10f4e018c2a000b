"""Saving what the practice says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from flask_babel import gettext

from core.errors import Invalid
from webapp.access.actor import Actor
from webapp.audit.events import Action, Event
from webapp.db.unit import unit
from webapp.practice import queries
from webapp.practice.models import THE_ONE, Practice


@dataclass(frozen=True)
class PracticeWords:
    """What an admin may set. Everything but the name and the zone may stay empty."""

    name: str
    time_zone: str
    phone: str = ""
    address: str = ""
    waiting_text: str = ""
    introduction: str = ""
    registration_open: bool = False


def save(actor: Actor, words: PracticeWords, *, at: datetime) -> None:
    """Keep *words*; Invalid names the field that cannot be used."""
    if not words.name.strip():
        raise Invalid(gettext("Please give the practice a name."), field="name")
    if words.time_zone not in available_timezones():
        raise Invalid(gettext("Please choose a time zone from the list."), field="time_zone")
    values = {name: text.strip() if isinstance(text, str) else text for name, text in vars(words).items()}
    with unit(Event(Action.PRACTICE_SAVED, actor)):
        if not Practice.update(**values, saved_at=at).where(Practice.id == THE_ONE).execute():
            Practice.insert(id=THE_ONE, **values, saved_at=at).execute()
    queries.forget()
