"""When the cookie of a session that had ended was shown all the same."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("session", "shown_at", peewee.BigIntegerField(null=True)))
