"""People who ask to become clients, and whether the practice lets them ask."""

import peewee


def up(migrator, db):
    class Registration(peewee.Model):
        id = peewee.UUIDField(primary_key=True)
        token_hash = peewee.TextField(unique=True)
        name = peewee.TextField()
        email = peewee.TextField(index=True)
        phone = peewee.TextField()
        language = peewee.TextField()
        asked_at = peewee.BigIntegerField(index=True)
        proved_at = peewee.BigIntegerField(null=True)
        decided_at = peewee.BigIntegerField(null=True)
        decided_by = peewee.UUIDField(null=True)
        client = peewee.UUIDField(null=True)

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([Registration])
    migrator.migrate(migrator.add_column("practice", "registration_open", peewee.BooleanField(default=False)))
