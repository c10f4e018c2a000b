"""Accounts and their roles."""

from __future__ import annotations

import peewee

from webapp.access.actor import Role
from webapp.db.fields import Choice, Moment, Of, PlainText, Row, SealedText


class Account(Row):
    """One person's way in. *email* is kept in lower case; *password_hash* is None until a password was chosen."""

    email = PlainText(why="looked up at sign-in", unique=True)
    name = PlainText(why="shown and sorted in lists")
    password_hash = SealedText(of=Of.ACCOUNT, null=True)
    time_zone = PlainText(why="an IANA name", default="UTC")
    locale = PlainText(why="a language code", default="en")
    theme = PlainText(why="light, dark, or empty to follow the device", default="")
    created_at = Moment()
    disabled_at = Moment(null=True)


class AccountRole(Row):
    """A role that an account may take on. Roles are data: nothing else says who is a provider."""

    account = peewee.ForeignKeyField(Account, backref="account_roles", on_delete="CASCADE")
    role = Choice(Role)

    class Meta:
        indexes = ((("account", "role"), True),)
