"""How quick the list of clients is with 20,000 of them: ``python -m tests.bench.client_list [number]``.

Prints, for both databases, how long the portal takes to answer pages of the list, judged and recorded as always.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from core.clock import utcnow
from core.ids import new_id
from core.settings import Settings
from tests import box, postgres
from tests.webapp.people import make_account, sign_in
from webapp.access.actor import Role
from webapp.account.models import Account
from webapp.app import create_app, migrate_database
from webapp.appointments.models import Appointment, AppointmentClient, Status
from webapp.clients.models import CareTeam, Client
from webapp.clients.values import ClientValues
from webapp.db.database import db
from webapp.db.unit import housekeeping

FIRST = ("Maren", "Rosa", "Desmond", "Wren", "Ines", "Otis", "Hương", "Søren", "Noor", "Leo", "Ana", "Kofi")
LAST = (
    "Halvorsen",
    "Delgado",
    "Achebe",
    "Castellanos",
    "Ferreira",
    "Palmer",
    "Nguyễn",
    "Lindqvist",
    "Haddad",
    "Mensah",
)
TRIES = 15
CHUNK = 500
PAGES = {
    "all": "/clients?show=all",
    "mine (1 in 40)": "/clients?show=mine",
    "archived": "/clients?show=archived",
    "from the end": "/clients?show=all&sort=-name",
    "last page": "/clients?show=all&page=9999",
    "search, many": "/clients?show=all&q=hal",
    "search, one": "/clients?show=all&q=maren+19999",
    "search, none": "/clients?show=all&q=zzzz",
    "phone": "/clients?show=all&q=555-01999",
}


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        _run("SQLCipher", box.make_settings(Path(folder) / "a"), number)
        with postgres.server() as dsn:
            postgres.execute(dsn, "CREATE DATABASE bench")
            _run("PostgreSQL", box.make_settings(Path(folder) / "b", dsn=f"{dsn} dbname=bench"), number)


def _run(name: str, settings: Settings, number: int) -> None:
    migrate_database(settings)
    db.obj.close_all()
    app = create_app(settings, testing=True)
    with db.connection_context():
        provider = make_account(Role.PROVIDER)
        _fill(provider, number)
        browser = sign_in(app, provider)
    for what, url in PAGES.items():
        took_ms = []
        for _ in range(TRIES):
            begun = time.perf_counter()
            answer = browser.get(url)
            took_ms.append((time.perf_counter() - begun) * 1000)
            assert answer.status_code == 200
        median, worst = statistics.median(took_ms), max(took_ms)
        print(f"{name:11} {number} clients  {what:16} median {median:6.1f} ms  worst {worst:6.1f} ms")  # noqa: T201
    db.obj.close_all()


def _fill(provider: Account, number: int) -> None:
    """Clients with invented names; one in 40 is the provider's, one in 20 archived, one in 10 has two appointments."""
    colleague, now = make_account(Role.PROVIDER), utcnow()
    dice = random.Random(20_000)  # the same people at every run
    clients, teams, appointments, places = [], [], [], []
    for each in range(number):
        given, family = dice.choice(FIRST), dice.choice(LAST)
        values = ClientValues(f"{given} {each} {family}", "UTC", email=f"c{each}@example.org", phone=f"555-{each:05}")
        client = Client(
            name=values.name,
            family_name=values.listed_under,
            email=values.email,
            phone=values.phone,
            time_zone="UTC",
            sort_key=values.sort_key,
            search=values.search,
            created_at=now,
            archived_at=now if each % 20 == 0 else None,
        )
        clients.append(client)
        teams.append(CareTeam(client=client, provider=provider if each % 40 == 1 else colleague, added_at=now))
        for days in (-3, 4) if each % 10 == 0 else ():
            starts_at = now + timedelta(days=days, minutes=each)
            appointment = Appointment(
                id=new_id(), provider=provider, starts_at=starts_at, minutes=50, status=Status.SCHEDULED, created_at=now
            )
            appointments.append(appointment)
            places.append(AppointmentClient(appointment=appointment, client=client))
    with housekeeping("people for a measurement"):
        for model, rows in (
            (Client, clients),
            (CareTeam, teams),
            (Appointment, appointments),
            (AppointmentClient, places),
        ):
            model.bulk_create(rows, batch_size=CHUNK)
    db.execute_sql("ANALYZE")


if __name__ == "__main__":
    main()
