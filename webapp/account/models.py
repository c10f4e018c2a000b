"""Accounts and their roles."""

from __future__ import annotations

import enum
import uuid

import peewee

from webapp.access.actor import Role
from webapp.db.fields import Choice, Moment, Of, PlainText, Row, SealedText


class Account(Row):
    """One person's way in. *email* is kept in lower case; *password_hash* is None until a password was chosen.

    *password_is_long*: it is as long as an admin's must be. The hash does not tell, so it is noted when it is typed.
    """

    email = PlainText(why="looked up at sign-in", unique=True)
    name = PlainText(why="shown and sorted in lists")
    password_hash = SealedText(of=Of.ACCOUNT, null=True)
    password_is_long = peewee.BooleanField(default=False)
    time_zone = PlainText(why="an IANA name", default="UTC")
    locale = PlainText(why="a language code", default="en")
    theme = PlainText(why="light, dark, or empty to follow the device", default="")
    created_at = Moment()
    disabled_at = Moment(null=True)
    signed_in_at = Moment(null=True)  # the last time


class AccountRole(Row):
    """A role that an account may take on. Roles are data: nothing else says who is a provider."""

    account_id: uuid.UUID
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


class MailKind(enum.StrEnum):
    """Mails that somebody may do without. Those that keep an account safe are not among them."""

    APPOINTMENT = "appointment"


class UnwantedMail(Row):
    """*account* does not want mails of *kind*."""

    account_id: uuid.UUID
    account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
    kind = Choice(MailKind)

    class Meta:
        indexes = ((("account", "kind"), True),)


class LinkPurpose(enum.StrEnum):
    """What a link is for. The first four lead to choosing a password."""

    INVITATION = "invitation"  # an account's first password
    FORGOTTEN = "forgotten"  # asked for at the door, by whoever knows the address
    RESET = "reset"  # started by an admin
    RECOVERY = "recovery"  # started at the console
    ADDRESS = "address"  # proves that a new e-mail address is one's own


class AccountLink(Row):
    """Opens one thing for *account*, once, between *opens_at* and *expires_at*. Only the token's hash is kept.

    *started_by* is the admin who did, *note* how they made sure of who asked; *drops_factors*: second factors go too.
    """

    token_hash = PlainText(why="looked up when the link is opened; a hash", unique=True)
    account_id: uuid.UUID
    account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
    purpose = Choice(LinkPurpose)
    created_at = Moment()
    opens_at = Moment()
    expires_at = Moment(index=True)
    used_at = Moment(null=True)
    drops_factors = peewee.BooleanField(default=False)
    started_by = peewee.UUIDField(null=True)
    note = SealedText(of=Of.ACCOUNT, null=True)
    new_email = SealedText(of=Of.ACCOUNT, null=True)
