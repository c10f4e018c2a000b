"""Finding what somebody was writing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ids import token_hash
from webapp.access.actor import Actor
from webapp.account.drafts.models import FormDraft

KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Draft:
    """The texts of a form's fields by their names, and when they were written."""

    fields: dict[str, str]
    saved_at: datetime


def find(actor: Actor, place: str, *, at: datetime) -> Draft | None:
    """What the actor, in this role, had written in the form that is sent to *place*."""
    row = FormDraft.get_or_none(
        (FormDraft.account == actor.id)
        & (FormDraft.role == actor.role)
        & (FormDraft.place_hash == token_hash(place))
        & (FormDraft.saved_at > at - KEEP)
    )
    return Draft(json.loads(row.fields), row.saved_at) if row else None
