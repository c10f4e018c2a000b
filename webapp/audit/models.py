"""The record's tables. Rows are only ever added: triggers refuse the rest."""

from __future__ import annotations

import peewee

from webapp.audit.events import Action, Outcome
from webapp.db.database import db
from webapp.db.fields import Choice, Moment, PlainJson, PlainText
from webapp.db.triggers import append_only


class AuditEvent(peewee.Model):
    """One recorded event. *mac* covers this row and the one before it."""

    sequence = peewee.BigIntegerField(primary_key=True)
    at = Moment(index=True)
    action = Choice(Action, index=True)
    outcome = Choice(Outcome)
    account = peewee.UUIDField(null=True, index=True)
    role = PlainText(why="a closed set of words, filtered on")
    session = peewee.UUIDField(null=True)
    address = PlainText(why="activity review filters by address (45 CFR 164.308(a)(1)(ii)(D))")
    client = peewee.UUIDField(null=True, index=True)
    about = PlainJson(why="ids and counts only; searched by id")
    mac = peewee.BlobField()

    class Meta:
        database = db
        legacy_table_names = False


class AuditHead(peewee.Model):
    """The one row that knows how long the chain is, so that a cut-off end is noticed."""

    id = peewee.IntegerField(primary_key=True)
    sequence = peewee.BigIntegerField()
    mac = peewee.BlobField()

    class Meta:
        database = db
        legacy_table_names = False


append_only("audit_event", "The audit record cannot be changed.")
