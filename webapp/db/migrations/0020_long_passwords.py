"""Whether a password is as long as an admin's must be; noted at the next sign-in of those who have one already."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("account", "password_is_long", peewee.BooleanField(default=False)))
