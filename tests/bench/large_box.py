"""A box whose database has a given size: clients, appointments with sealed reasons, and an unbroken audit record."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import peewee

from core.clock import utcnow
from core.ids import new_id
from core.settings import Settings
from tests.webapp.people import make_account
from webapp.access.actor import SYSTEM, Role
from webapp.account.models import Account
from webapp.app import migrate_database
from webapp.appointments.models import Appointment, AppointmentClient, AppointmentReason, Status
from webapp.audit.events import Action, Event
from webapp.clients.models import Client
from webapp.clients.values import ClientValues
from webapp.db.database import db
from webapp.db.unit import unit

CLIENTS_AT_ONCE = 100
APPOINTMENTS_EACH = 8
OPENINGS_EACH = 30  # audit rows for each client
REASON_SIGNS = 2_400  # as long as a note
WORDS = ("walked", "slept", "better", "knee", "left", "morning", "since", "dose", "twice", "daily", "calm", "worried")


def fill(settings: Settings, size_bytes: int) -> int:
    """Migrate the database of *settings* and add people until it has *size_bytes*; its size in bytes."""
    migrate_database(settings)
    with db.connection_context():
        provider, dice = make_account(Role.PROVIDER), random.Random(1_000_000)
        number = 0
        while (size := database_size(settings)) < size_bytes:
            _add(provider, number, dice)
            number += CLIENTS_AT_ONCE
    db.obj.close_all()
    return size


def database_size(settings: Settings) -> int:
    """Bytes on disk."""
    if settings.database.engine == "postgresql":
        return int(db.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0])
    return sum(file.stat().st_size for file in Path(settings.paths.data).glob("wellhouse.db*"))


def change_one_row() -> None:
    """What an hour with one change leaves: one row, and the audit row that goes with it."""
    with db.connection_context(), unit(Event(Action.CLIENT_SAVED, SYSTEM)):
        client = Client.select().order_by(Client.id).limit(1).get()
        Client.update(phone="555-0199").where(Client.id == client.id).execute()


def _add(provider: Account, first: int, dice: random.Random) -> None:
    now = utcnow()
    clients, appointments, reasons, places = [], [], [], []
    events = [Event(Action.CLIENT_CREATED, SYSTEM)]
    for number in range(first, first + CLIENTS_AT_ONCE):
        values = ClientValues(f"Maren Halvorsen {number}", "UTC", email=f"c{number}@example.org")
        client = Client(
            name=values.name,
            family_name=values.listed_under,
            email=values.email,
            time_zone="UTC",
            sort_key=values.sort_key,
            search=values.search,
            created_at=now,
        )
        clients.append(client)
        for week in range(APPOINTMENTS_EACH):
            appointment = Appointment(
                id=new_id(),
                provider=provider,
                starts_at=now - timedelta(weeks=week, minutes=number),
                minutes=50,
                status=Status.DONE,
                created_at=now,
            )
            appointments.append(appointment)
            places.append(AppointmentClient(appointment=appointment, client=client))
            reasons.append(AppointmentReason(appointment=appointment, text=_text(dice)))
        events += [Event(Action.CLIENT_VIEWED, SYSTEM, client=client.id)] * OPENINGS_EACH
    with unit(*events):
        tables: tuple[tuple[type[peewee.Model], list[peewee.Model]], ...] = (
            (Client, clients),
            (Appointment, appointments),
            (AppointmentClient, places),
            (AppointmentReason, reasons),
        )
        for model, rows in tables:
            model.bulk_create(rows, batch_size=400)


def _text(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=REASON_SIGNS // 6))
