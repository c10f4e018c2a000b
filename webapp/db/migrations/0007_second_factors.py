"""Authenticator apps, security keys, recovery codes, and sign-ins that still owe a second factor."""

import peewee


def up(_migrator, db):
    class Base(peewee.Model):
        id = peewee.UUIDField(primary_key=True)

        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        pass

    class AuthenticatorApp(Base):
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        name = peewee.TextField()
        seed = peewee.BlobField()
        last_step = peewee.BigIntegerField()
        created_at = peewee.BigIntegerField()
        confirmed_at = peewee.BigIntegerField(null=True)
        last_used_at = peewee.BigIntegerField(null=True)

    class SecurityKey(Base):
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        name = peewee.TextField()
        credential_id = peewee.TextField(unique=True)
        credential = peewee.BlobField()
        sign_count = peewee.BigIntegerField()
        backup_eligible = peewee.BooleanField()
        backed_up = peewee.BooleanField()
        created_at = peewee.BigIntegerField()
        last_used_at = peewee.BigIntegerField(null=True)

    class RecoveryCode(Base):
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        code_hash = peewee.TextField()
        used_at = peewee.BigIntegerField(null=True)

    class Ceremony(Base):
        account = peewee.UUIDField(null=True)
        purpose = peewee.TextField()
        state = peewee.TextField()
        expires_at = peewee.BigIntegerField(index=True)
        used_at = peewee.BigIntegerField(null=True)

    class PendingSignIn(Base):
        token_hash = peewee.TextField(unique=True)
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        tries_left = peewee.IntegerField()
        expires_at = peewee.BigIntegerField(index=True)
        used_at = peewee.BigIntegerField(null=True)

    db.create_tables([AuthenticatorApp, SecurityKey, RecoveryCode, Ceremony, PendingSignIn])
