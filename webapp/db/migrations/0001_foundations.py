"""Audit record, sessions, outbox. Frozen copies of the tables, independent of the models of later versions."""

import peewee


def up(_migrator, db):
    class Base(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class AuditEvent(Base):
        sequence = peewee.BigIntegerField(primary_key=True)
        at = peewee.BigIntegerField(index=True)
        action = peewee.TextField(index=True)
        outcome = peewee.TextField()
        account = peewee.UUIDField(null=True, index=True)
        role = peewee.TextField()
        session = peewee.UUIDField(null=True)
        address = peewee.TextField()
        client = peewee.UUIDField(null=True, index=True)
        about = peewee.TextField()
        mac = peewee.BlobField()

    class AuditHead(Base):
        id = peewee.IntegerField(primary_key=True)
        sequence = peewee.BigIntegerField()
        mac = peewee.BlobField()

    class Session(Base):
        id = peewee.UUIDField(primary_key=True)
        token_hash = peewee.TextField(unique=True)
        account = peewee.UUIDField(index=True)
        role = peewee.TextField()
        created_at = peewee.BigIntegerField()
        last_seen_at = peewee.BigIntegerField()
        ends_at = peewee.BigIntegerField()
        ended_at = peewee.BigIntegerField(null=True)
        address = peewee.TextField()
        device = peewee.TextField()

    class Notice(Base):
        id = peewee.BigAutoField()
        at = peewee.BigIntegerField(index=True)
        account = peewee.UUIDField(index=True)
        kind = peewee.TextField()
        thing = peewee.UUIDField()

    class Mail(Base):
        id = peewee.UUIDField(primary_key=True)
        created_at = peewee.BigIntegerField()
        to = peewee.BlobField()
        template = peewee.TextField()
        values = peewee.BlobField()
        tries = peewee.IntegerField(default=0)
        next_try_at = peewee.BigIntegerField(index=True)
        sent_at = peewee.BigIntegerField(null=True, index=True)

    db.create_tables([AuditEvent, AuditHead, Session, Notice, Mail])
