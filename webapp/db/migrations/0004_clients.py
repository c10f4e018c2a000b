"""Clients, their details, their care teams, and invitations."""

import peewee


def up(_migrator, db):
    class Base(peewee.Model):
        id = peewee.UUIDField(primary_key=True)

        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        pass

    class Client(Base):
        account = peewee.ForeignKeyField(Account, null=True, unique=True, on_delete="RESTRICT")
        name = peewee.TextField()
        family_name = peewee.TextField()
        preferred_name = peewee.TextField()
        pronouns = peewee.TextField()
        email = peewee.TextField()
        phone = peewee.TextField()
        time_zone = peewee.TextField()
        language = peewee.TextField()
        sort_key = peewee.TextField()
        search = peewee.TextField()
        created_at = peewee.BigIntegerField()
        archived_at = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("sort_key", "id", "archived_at", "search"), False),)

    class ClientDetails(Base):
        client = peewee.ForeignKeyField(Client, unique=True, on_delete="RESTRICT")
        birth_date = peewee.BlobField(null=True)
        address = peewee.BlobField(null=True)
        emergency_name = peewee.BlobField(null=True)
        emergency_phone = peewee.BlobField(null=True)

    class CareTeam(Base):
        client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
        provider = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
        added_at = peewee.BigIntegerField()

        class Meta:
            indexes = ((("client", "provider"), True), (("provider", "client"), False))

    class Invitation(Base):
        token_hash = peewee.TextField(unique=True)
        client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
        appointment = peewee.UUIDField(null=True)
        created_at = peewee.BigIntegerField()
        expires_at = peewee.BigIntegerField()
        used_at = peewee.BigIntegerField(null=True)

    db.create_tables([Client, ClientDetails, CareTeam, Invitation])
