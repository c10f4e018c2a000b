"""Clients, who cares for them, who acts for them, and the links that invite them.

``Client`` holds what every colleague of the practice may see. What only the care team may see lies in a table of its
own, so that a list or a check of rights never opens it.
"""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

import peewee

from webapp.access.table import Right
from webapp.account.models import Account
from webapp.db.fields import Choice, Moment, Of, PlainText, Row, SealedText
from webapp.db.triggers import append_only, fixed_columns


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


class Registration(Row):
    """Somebody asks to become a client. *proved_at*: the address is theirs; *client* is whom they became, if anybody.

    Without a name it only counts: a mail went to somebody who has an account.
    """

    token_hash = PlainText(why="looked up when the link is opened; a hash", unique=True)
    name = PlainText(why="becomes the name of a client, where it is searched")
    email = PlainText(why="becomes the address of a client, where it is looked up", index=True)
    phone = PlainText(why="becomes the phone of a client, where it is searched", default="")
    language = PlainText(why="a language code")
    asked_at = Moment(index=True)
    proved_at = Moment(null=True)
    decided_at = Moment(null=True)
    decided_by = peewee.UUIDField(null=True)
    client = peewee.UUIDField(null=True)


class Relation(enum.StrEnum):
    """What somebody who acts for a client is to them."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    PARTNER = "partner"
    CHILD = "child"
    OTHER = "other"


class FamilyMember(Row):
    """Somebody acts for *client*: sees the appointments and, with *joins_visits*, comes along.

    *account* is None until the invitation to *email* was accepted. The right lasts until *ends_at* or *ended_at*.
    """

    client_id: uuid.UUID
    client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
    account_id: uuid.UUID | None
    account = peewee.ForeignKeyField(Account, null=True, on_delete="RESTRICT")
    name = PlainText(why="becomes the name of an account, where it is searched")
    email = PlainText(why="becomes the address of an account, where it is looked up")
    relation = Choice(Relation)
    joins_visits = peewee.BooleanField()
    ends_at = Moment(null=True)
    added_at = Moment()
    ended_at = Moment(null=True)

    class Meta:
        indexes = ((("client", "added_at"), False), (("account", "client"), False))

    @property
    def rights(self) -> frozenset[Right]:
        """What they were given leave to do, as long as it lasts."""
        return frozenset(Right) if self.joins_visits else frozenset({Right.APPOINTMENTS})


class FamilyInvitation(Row):
    """A link with which somebody who acts for a client chooses a password, once."""

    token_hash = PlainText(why="looked up when the link is opened; a hash", unique=True)
    member_id: uuid.UUID
    member = peewee.ForeignKeyField(FamilyMember, on_delete="RESTRICT")
    created_at = Moment()
    expires_at = Moment()
    used_at = Moment(null=True)


class BreakGlass(Row):
    """*provider*, who is not on the care team, opened the client's record in an emergency. *ended_by* is an account."""

    client_id: uuid.UUID
    client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
    provider_id: uuid.UUID
    provider = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
    opened_at = Moment(index=True)
    ends_at = Moment()
    ended_at = Moment(null=True)
    ended_by = peewee.UUIDField(null=True)

    class Meta:
        indexes = ((("client", "provider"), False),)


class BreakGlassReason(Row):
    """Why, in the provider's words; a table of its own, so that checking a right never opens it."""

    opening_id: uuid.UUID
    opening = peewee.ForeignKeyField(BreakGlass, unique=True, on_delete="RESTRICT")
    text = SealedText(of=Of.CLIENT)


fixed_columns(
    "break_glass",
    ("client_id", "provider_id", "opened_at", "ends_at"),
    "An opening in an emergency stays as it was recorded.",
)
append_only("break_glass_reason", "The reason of an emergency stays as it was written.")


def holds(table: type[FamilyMember] | type[BreakGlass], at: datetime) -> peewee.Expression:
    """SQL: the right that a row of *table* gives is neither over nor ended at *at*."""
    return table.ended_at.is_null() & (table.ends_at.is_null() | (table.ends_at > at))
