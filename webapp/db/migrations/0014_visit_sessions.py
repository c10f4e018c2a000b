"""When the page of a running visit was last heard of in a session."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("session", "in_visit_at", peewee.BigIntegerField(null=True)))
