"""Visits: attendance, stays in the room, chat, and how far the media server's events were taken over."""

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

    class Appointment(Base):
        pass

    class Visit(Base):
        appointment = peewee.ForeignKeyField(Appointment, unique=True, on_delete="RESTRICT")
        room = peewee.UUIDField(unique=True)
        began_at = peewee.BigIntegerField(null=True)
        ended_at = peewee.BigIntegerField(null=True, index=True)
        closed_at = peewee.BigIntegerField(null=True)

    class Attendance(Base):
        visit = peewee.ForeignKeyField(Visit, on_delete="RESTRICT")
        account = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
        client = peewee.ForeignKeyField(Client, null=True, on_delete="RESTRICT")
        role = peewee.TextField()
        participant = peewee.UUIDField(unique=True)
        waiting_since = peewee.BigIntegerField(null=True, index=True)
        seen_at = peewee.BigIntegerField(null=True)
        admitted_at = peewee.BigIntegerField(null=True)
        granted_at = peewee.BigIntegerField(null=True)

        class Meta:
            indexes = ((("visit", "account"), True),)

    class Whereabouts(Base):
        attendance = peewee.ForeignKeyField(Attendance, unique=True, on_delete="RESTRICT")
        place = peewee.BlobField()
        phone = peewee.BlobField()

    class Stay(Base):
        attendance = peewee.ForeignKeyField(Attendance, on_delete="RESTRICT")
        joined_at = peewee.BigIntegerField()
        left_at = peewee.BigIntegerField(null=True)
        reason = peewee.TextField(null=True)
        measured_s = peewee.FloatField()
        round_trip_ms = peewee.FloatField(null=True)
        loss_up = peewee.FloatField()
        loss_down = peewee.FloatField()

    class ChatLine(peewee.Model):
        number = peewee.BigAutoField()
        id = peewee.UUIDField(unique=True)
        visit = peewee.ForeignKeyField(Visit, on_delete="RESTRICT")
        author = peewee.ForeignKeyField(Attendance, on_delete="RESTRICT")
        audience = peewee.ForeignKeyField(Attendance, null=True, backref="private_lines", on_delete="RESTRICT")
        at = peewee.BigIntegerField()
        body = peewee.BlobField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("visit", "number"), False),)

    class RoomEventCursor(peewee.Model):
        id = peewee.IntegerField(primary_key=True)
        number = peewee.BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([Visit, Attendance, Whereabouts, Stay, ChatLine, RoomEventCursor])
