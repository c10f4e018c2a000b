"""Keeping what somebody is writing, until they send it or a week has passed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext

from core.errors import Invalid
from core.ids import new_id, token_hash
from webapp.access.actor import Actor
from webapp.account.drafts.models import FormDraft
from webapp.account.drafts.queries import KEEP
from webapp.db.unit import housekeeping

FIELDS_MAX = 60
SIZE_MAX = 64 * 1024  # of all fields together: more than any form of ours takes
EACH_MAX = 40  # drafts of one account; the oldest gives way

# Scripts leave these out already. What proves who somebody is has no business in a table, whoever sends it.
_SECRET = re.compile(r"password|code|token|secret|link", re.IGNORECASE)


def keep(actor: Actor, place: str, fields: Mapping[str, str], *, at: datetime) -> None:
    """Keep *fields* of the form that is sent to *place*, instead of what was kept for it. Secrets are left out.

    Invalid if that is more than a form holds.
    """
    kept = {name: text for name, text in fields.items() if not _SECRET.search(name)}
    sealed = json.dumps(kept)
    if len(kept) > FIELDS_MAX or len(sealed) > SIZE_MAX:
        raise Invalid(gettext("This is too much to be kept as a draft."))
    with housekeeping("what somebody is still writing is no act yet"):
        FormDraft.insert(
            id=new_id(), account=actor.id, role=actor.role, place_hash=token_hash(place), fields=sealed, saved_at=at
        ).on_conflict(
            conflict_target=[FormDraft.account, FormDraft.role, FormDraft.place_hash],
            preserve=[FormDraft.fields, FormDraft.saved_at],
        ).execute()
        newest = FormDraft.select(FormDraft.id).where(FormDraft.account == actor.id)
        newest = newest.order_by(FormDraft.saved_at.desc()).limit(EACH_MAX)
        FormDraft.delete().where((FormDraft.account == actor.id) & FormDraft.id.not_in(newest)).execute()


def forget(actor: Actor, place: str) -> None:
    """What was kept for this form was sent, or is not wanted."""
    mine = (FormDraft.account == actor.id) & (FormDraft.role == actor.role)
    here = mine & (FormDraft.place_hash == token_hash(place))
    if FormDraft.select().where(here).exists():  # most forms have none, and a write costs a sync
        with housekeeping("a draft that is not needed any more"):
            FormDraft.delete().where(here).execute()


def forget_old(*, at: datetime) -> int:
    """Delete drafts to which nobody came back; how many there were."""
    with housekeeping("drafts to which nobody came back"):
        return int(FormDraft.delete().where(FormDraft.saved_at <= at - KEEP).execute())
