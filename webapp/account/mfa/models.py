"""Second factors of an account, and the ceremonies under way."""

from __future__ import annotations

import enum

import peewee

from webapp.account.models import Account
from webapp.db.database import db
from webapp.db.fields import Choice, Moment, Of, PlainJson, PlainText, Row, SealedText


class AuthenticatorApp(Row):
    """A TOTP seed (RFC 6238). It counts from *confirmed_at* on; *last_step* is the newest 30 s step ever accepted."""

    account = peewee.ForeignKeyField(Account, backref="authenticator_apps", on_delete="CASCADE")
    name = PlainText(why="shown in the owner's list")
    seed = SealedText(of=Of.ACCOUNT)
    last_step = peewee.BigIntegerField(default=0)
    created_at = Moment()
    confirmed_at = Moment(null=True)
    last_used_at = Moment(null=True)


class SecurityKey(Row):
    """A WebAuthn credential: a security key or a passkey. *credential* is its public part."""

    account = peewee.ForeignKeyField(Account, backref="security_keys", on_delete="CASCADE")
    name = PlainText(why="shown in the owner's list")
    credential_id = PlainText(why="looked up at sign-in; public", unique=True)
    credential = peewee.BlobField()
    sign_count = peewee.BigIntegerField()
    backup_eligible = peewee.BooleanField()
    backed_up = peewee.BooleanField()
    created_at = Moment()
    last_used_at = Moment(null=True)


class RecoveryCode(Row):
    """One of ten codes that get an account in once each; only a keyed hash is kept."""

    account = peewee.ForeignKeyField(Account, backref="recovery_codes", on_delete="CASCADE")
    code_hash = PlainText(why="compared at use; a keyed hash")
    used_at = Moment(null=True)


class Purpose(enum.StrEnum):
    REGISTER = "register"
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"


class Ceremony(Row):
    """A WebAuthn challenge, kept here and not in the browser, good once and for five minutes (ASVS 6.7.2)."""

    account = peewee.UUIDField(null=True)
    purpose = Choice(Purpose)
    state = PlainJson(why="a random challenge, worthless after its use")
    expires_at = Moment(index=True)
    used_at = Moment(null=True)
    address_key = PlainText(why="counted, as strangers may ask too; a keyed hash", null=True)


class Whom(enum.StrEnum):
    """Who must have a second factor."""

    NOBODY = "nobody"
    STAFF = "staff"  # providers and admins
    EVERYONE = "everyone"


class MfaRequirement(peewee.Model):
    """The one row: *whom* the practice requires to have a second factor, from *from_at* on."""

    id = peewee.IntegerField(primary_key=True)
    whom = Choice(Whom)
    from_at = Moment()
    set_at = Moment()

    class Meta:
        database = db
        legacy_table_names = False


class PendingSignIn(Row):
    """Somebody whose password was right and who still owes the second factor. Opens nothing but that page."""

    token_hash = PlainText(why="looked up at each step; a hash", unique=True)
    account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
    tries_left = peewee.IntegerField()
    expires_at = Moment(index=True)
    used_at = Moment(null=True)
