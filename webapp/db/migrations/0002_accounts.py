"""Accounts and their roles."""

import peewee


def up(_migrator, db):
    class Account(peewee.Model):
        id = peewee.UUIDField(primary_key=True)
        email = peewee.TextField(unique=True)
        name = peewee.TextField()
        password_hash = peewee.BlobField(null=True)
        time_zone = peewee.TextField()
        locale = peewee.TextField()
        theme = peewee.TextField()
        created_at = peewee.BigIntegerField()
        disabled_at = peewee.BigIntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False

    class AccountRole(peewee.Model):
        id = peewee.UUIDField(primary_key=True)
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        role = peewee.TextField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("account", "role"), True),)

    db.create_tables([Account, AccountRole])
