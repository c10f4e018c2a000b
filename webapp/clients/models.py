"""Clients, who cares for them, and the links that invite them.

``Client`` holds what every colleague of the practice may see. What only the care team may see lies in a table of its
own, so that a list or a check of rights never opens it.
"""

from __future__ import annotations

import uuid

import peewee

from webapp.account.models import Account
from webapp.db.fields import Moment, Of, PlainText, Row, SealedText


class Client(Row):
    """Somebody whom the practice cares for. *account* is None until an invitation was accepted."""

    account_id: uuid.UUID | None
    account = peewee.ForeignKeyField(Account, null=True, unique=True, on_delete="RESTRICT")
    name = PlainText(why="searched and sorted in lists")
    family_name = PlainText(why="lists are in its order")
    preferred_name = PlainText(why="searched in lists", default="")
    pronouns = PlainText(why="shown beside the name in lists", default="")
    email = PlainText(why="searched in lists; where the invitation goes", default="")
    phone = PlainText(why="searched in lists", default="")
    time_zone = PlainText(why="an IANA name")
    language = PlainText(why="a language code", default="en")
    sort_key = PlainText(why="the order of lists: folded, family name first")
    search = PlainText(why="names, address and number in one folded text, for the search in lists")
    created_at = Moment()
    archived_at = Moment(null=True)

    class Meta:
        # Holds all that finding a page of the list needs, so that no row is opened for it.
        indexes = ((("sort_key", "id", "archived_at", "search"), False),)

    @property
    def called(self) -> str:
        """The name with which to greet."""
        return self.preferred_name or self.name


class ClientDetails(Row):
    """What the care team and the client know. *birth_date* is an ISO date."""

    client_id: uuid.UUID
    client = peewee.ForeignKeyField(Client, unique=True, on_delete="RESTRICT")
    birth_date = SealedText(of=Of.CLIENT, null=True)
    address = SealedText(of=Of.CLIENT, null=True)
    emergency_name = SealedText(of=Of.CLIENT, null=True)
    emergency_phone = SealedText(of=Of.CLIENT, null=True)


class CareTeam(Row):
    """*provider* cares for *client*."""

    client_id: uuid.UUID
    client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
    provider_id: uuid.UUID
    provider = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
    added_at = Moment()

    class Meta:
        indexes = ((("client", "provider"), True), (("provider", "client"), False))


class Invitation(Row):
    """A link with which a client chooses a password, once. *appointment* is the visit it leads to."""

    token_hash = PlainText(why="looked up when the link is opened; a hash", unique=True)
    client_id: uuid.UUID
    client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
    appointment = peewee.UUIDField(null=True)
    created_at = Moment()
    expires_at = Moment()
    used_at = Moment(null=True)
