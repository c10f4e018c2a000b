"""Records that were opened in an emergency."""

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
        pass

    class BreakGlass(Base):
        client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")
        provider = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
        opened_at = peewee.BigIntegerField(index=True)
        ends_at = peewee.BigIntegerField()
        ended_at = peewee.BigIntegerField(null=True)
        ended_by = peewee.UUIDField(null=True)

        class Meta:
            indexes = ((("client", "provider"), False),)

    class BreakGlassReason(Base):
        opening = peewee.ForeignKeyField(BreakGlass, unique=True, on_delete="RESTRICT")
        text = peewee.BlobField()

    db.create_tables([BreakGlass, BreakGlassReason])
