"""Appointments, their reasons and their clients."""

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
        provider = peewee.ForeignKeyField(Account, on_delete="RESTRICT")
        starts_at = peewee.BigIntegerField(index=True)
        minutes = peewee.IntegerField()
        status = peewee.TextField()
        created_at = peewee.BigIntegerField()

        class Meta:
            indexes = ((("provider", "starts_at"), False),)

    class AppointmentReason(Base):
        appointment = peewee.ForeignKeyField(Appointment, unique=True, on_delete="RESTRICT")
        text = peewee.BlobField()

    class AppointmentClient(Base):
        appointment = peewee.ForeignKeyField(Appointment, on_delete="RESTRICT")
        client = peewee.ForeignKeyField(Client, on_delete="RESTRICT")

        class Meta:
            indexes = ((("appointment", "client"), True), (("client", "appointment"), False))

    db.create_tables([Appointment, AppointmentReason, AppointmentClient])
