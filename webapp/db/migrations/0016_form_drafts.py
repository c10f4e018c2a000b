"""What somebody was writing in a form."""

import peewee


def up(_migrator, db):
    class Base(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        id = peewee.UUIDField(primary_key=True)

    class FormDraft(Base):
        id = peewee.UUIDField(primary_key=True)
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        role = peewee.TextField()
        place_hash = peewee.TextField()
        fields = peewee.BlobField()
        saved_at = peewee.BigIntegerField(index=True)

        class Meta:
            indexes = ((("account", "role", "place_hash"), True),)

    db.create_tables([FormDraft])
