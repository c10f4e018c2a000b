"""Links that open one thing once, who must have a second factor, when somebody last signed in."""

import peewee


def up(migrator, db):
    class Base(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        id = peewee.UUIDField(primary_key=True)

    class AccountLink(Base):
        id = peewee.UUIDField(primary_key=True)
        token_hash = peewee.TextField(unique=True)
        account = peewee.ForeignKeyField(Account, on_delete="CASCADE")
        purpose = peewee.TextField()
        created_at = peewee.BigIntegerField()
        opens_at = peewee.BigIntegerField()
        expires_at = peewee.BigIntegerField(index=True)
        used_at = peewee.BigIntegerField(null=True)
        drops_factors = peewee.BooleanField()
        started_by = peewee.UUIDField(null=True)
        note = peewee.BlobField(null=True)
        new_email = peewee.BlobField(null=True)

    class MfaRequirement(Base):
        id = peewee.IntegerField(primary_key=True)
        whom = peewee.TextField()
        from_at = peewee.BigIntegerField()
        set_at = peewee.BigIntegerField()

    db.create_tables([AccountLink, MfaRequirement])
    migrator.migrate(
        migrator.add_column("account", "signed_in_at", peewee.BigIntegerField(null=True)),
        migrator.add_column("ceremony", "address_key", peewee.TextField(null=True)),
    )
    db.execute_sql(
        "UPDATE account SET signed_in_at = (SELECT MAX(created_at) FROM session WHERE session.account = account.id)"
    )
