"""The practice, its set-up link, tries at signing in, recognised browsers."""

import peewee


def up(_migrator, db):
    class Base(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Practice(Base):
        id = peewee.IntegerField(primary_key=True)
        name = peewee.TextField()
        phone = peewee.TextField()
        address = peewee.TextField()
        time_zone = peewee.TextField()
        waiting_text = peewee.TextField()
        introduction = peewee.TextField()
        saved_at = peewee.BigIntegerField()

    class SetupLink(Base):
        id = peewee.UUIDField(primary_key=True)
        token_hash = peewee.TextField(unique=True)
        created_at = peewee.BigIntegerField()
        expires_at = peewee.BigIntegerField()
        used_at = peewee.BigIntegerField(null=True)

    class SignInTry(Base):
        id = peewee.UUIDField(primary_key=True)
        at = peewee.BigIntegerField(index=True)
        account_key = peewee.TextField(index=True)
        address_key = peewee.TextField(index=True)
        device_key = peewee.TextField()

    class Account(Base):
        id = peewee.UUIDField(primary_key=True)

    class Device(Base):
        id = peewee.UUIDField(primary_key=True)
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        token_hash = peewee.TextField()
        last_used_at = peewee.BigIntegerField()

        class Meta:
            indexes = ((("account", "token_hash"), True),)

    db.create_tables([Practice, SetupLink, SignInTry, Device])
