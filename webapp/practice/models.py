"""The one row about the practice."""

from __future__ import annotations

import peewee

from webapp.db.database import db
from webapp.db.fields import Moment, PlainText

THE_ONE = 1


class Practice(peewee.Model):
    """What anybody may know of the practice; it stands on pages that need no sign-in."""

    id = peewee.IntegerField(primary_key=True)
    name = PlainText(why="public")
    phone = PlainText(why="public")
    address = PlainText(why="public")
    time_zone = PlainText(why="public; an IANA name")
    waiting_text = PlainText(why="shown to everybody who waits")
    introduction = PlainText(why="public")
    registration_open = peewee.BooleanField(default=False)  # strangers may ask to become clients
    saved_at = Moment()

    class Meta:
        database = db
        legacy_table_names = False
