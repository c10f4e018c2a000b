"""Kinds of mail that somebody does not want."""

import peewee


def up(_migrator, db):
    class Base(peewee.Model):
        id = peewee.UUIDField(primary_key=True)

        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        pass

    class UnwantedMail(Base):
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        kind = peewee.TextField()

        class Meta:
            indexes = ((("account", "kind"), True),)

    db.create_tables([UnwantedMail])
