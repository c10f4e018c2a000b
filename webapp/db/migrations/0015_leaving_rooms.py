"""Since when somebody has to leave a room of which the media server has not heard yet."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("attendance", "leaving_since", peewee.BigIntegerField(null=True)))
