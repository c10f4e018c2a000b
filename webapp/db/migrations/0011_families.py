"""People who act for clients, and the links that invite them; for whom a session shows its lists."""

import peewee


def up(migrator, db):
    class Base(peewee.Model):
        id = peewee.UUIDField(primary_key=True)

        class Meta:
            database = db
            legacy_table_names = False

    class Account(Base):
        pass

    class Client(Base):
        pass

    class FamilyMember(Base):
        client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
        account = peewee.ForeignKeyField(Account, null=True, on_delete="RESTRICT")
        name = peewee.TextField()
        email = peewee.TextField()
        relation = peewee.TextField()
        joins_visits = peewee.BooleanField()
        ends_at = peewee.BigIntegerField(null=True)
        added_at = peewee.BigIntegerField()
        ended_at = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("client", "added_at"), False), (("account", "client"), False))

    class FamilyInvitation(Base):
        token_hash = peewee.TextField(unique=True)
        member = peewee.ForeignKeyField(FamilyMember, on_delete="RESTRICT")
        created_at = peewee.BigIntegerField()
        expires_at = peewee.BigIntegerField()
        used_at = peewee.BigIntegerField(null=True)

    db.create_tables([FamilyMember, FamilyInvitation])
    migrator.migrate(migrator.add_column("session", "acting_for", peewee.UUIDField(null=True)))
