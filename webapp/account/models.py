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


class SignInTry(Row):
    """A try at signing in that counts as failed. Keyed hashes only (webapp.account.throttle)."""

    at = Moment(index=True)
    account_key = PlainText(why="counted; a keyed hash", index=True)
    address_key = PlainText(why="counted; a keyed hash", index=True)
    device_key = PlainText(why="counted; a keyed hash, or empty for a browser that is new to the account")


class Device(Row):
    """A browser in which an account has signed in before: guesses from elsewhere do not slow it down."""

    account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
    token_hash = PlainText(why="looked up at sign-in; a hash")
    last_used_at = Moment()

    class Meta:
        indexes = ((("account", "token_hash"), True),)
