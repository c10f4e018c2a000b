"""When a session last proved who it is."""

import peewee


def up(migrator, _db):
    migrator.migrate(
        migrator.add_column("session", "password_at", peewee.BigIntegerField(null=True)),
        migrator.add_column("session", "confirmed_at", peewee.BigIntegerField(null=True)),
    )
