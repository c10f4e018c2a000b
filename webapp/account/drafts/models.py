"""Half-written forms."""

from __future__ import annotations

import peewee

from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.db.fields import Choice, Moment, Of, PlainText, Row, SealedText


class FormDraft(Row):
    """What *account*, in *role*, had written in the form that is sent to a place: *fields*, a JSON object of texts."""

    account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
    role = Choice(Role)
    place_hash = PlainText(why="looked up when the form is opened again; a hash of its address")
    fields = SealedText(of=Of.ACCOUNT)
    saved_at = Moment(index=True)

    class Meta:
        indexes = ((("account", "role", "place_hash"), True),)
