"""Invented people for a demonstration, and a visit between two of them that is on now.

Passwords are derived from the box's master key: random on every box, the same at every start, and kept nowhere.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.errors import Conflict
from core.ids import new_id
from core.settings import Settings
from webapp.access.actor import SYSTEM, Actor, Role
from webapp.account.actions import create_account
from webapp.account.models import Account
from webapp.account.passwords import choose
from webapp.account.queries import roles_of
from webapp.app import create_app
from webapp.appointments.actions import book
from webapp.appointments.links import appointment_path
from webapp.appointments.models import Appointment, Status, ends_after
from webapp.appointments.queries import upcoming
from webapp.appointments.visit import actions as visits
from webapp.appointments.visit import policy as doors
from webapp.appointments.visit.models import Stay, Visit
from webapp.appointments.window import LATE
from webapp.audit.events import Action, Event
from webapp.clients.actions import add_client, add_to_care_team
from webapp.clients.families import Terms, listed
from webapp.clients.families import add as add_family
from webapp.clients.models import Client, Relation
from webapp.clients.values import ClientValues, Details
from webapp.crypto.keyring import Keyring
from webapp.db.database import db
from webapp.db.unit import unit
from webapp.practice.actions import PracticeWords, save
from webapp.practice.queries import current

ZONE = "America/New_York"
PRACTICE = PracticeWords(
    name="Cedar Hollow Family Therapy",
    time_zone=ZONE,
    phone="802-555-0100",
    address="14 Mill Lane\nMontpelier, VT 05602",
    waiting_text="Take a breath. Your provider knows that you are here.",
)


@dataclass(frozen=True)
class Person:
    """Somebody invented. *email* empty: has not been invited."""

    name: str
    email: str = ""
    family_name: str = ""
    preferred_name: str = ""
    pronouns: str = ""
    phone: str = ""
    language: str = "en"


OKAFOR = Person("Dr. Amara Okafor", "amara@example.org")
RIVERA = Person("Tomás Rivera-Lindqvist", "tomas@example.org")
MAREN = Person("Maren Halvorsen", "maren@example.org", pronouns="she/her", phone="802-555-0147")
CLIENTS = (
    MAREN,
    Person("Nguyễn Thị Hương", "huong@example.org", "Nguyễn", pronouns="she/her", phone="802-555-0152", language="vi"),
    Person("Rosa Delgado", "rosa@example.org", pronouns="she/her", phone="802-555-0163", language="es"),
    Person("Desmond Achebe", pronouns="he/him", phone="802-555-0118"),
    Person("Bartholomew Featherstonehaugh-Nakamura", preferred_name="Bart", pronouns="he/him"),
    Person("Wren Castellanos", pronouns="they/them", phone="802-555-0175"),
)
# Acts for Wren, the last of the clients.
LUCIA = Person("Lucía Castellanos", "lucia@example.org")


def seed(settings: Settings, *, at: datetime) -> dict[str, Any]:
    """Make the people who are not there yet, and an appointment that is on now; what demo.json holds."""
    app = create_app(settings)
    try:
        with app.app_context(), db.connection_context():
            return _seed(settings, app.extensions["wellhouse.keyring"], at=at)
    finally:
        db.obj.close_all()


def _seed(settings: Settings, keyring: Keyring, *, at: datetime) -> dict[str, Any]:
    first_time = not current().is_set_up
    if first_time:
        save(SYSTEM, PRACTICE, at=at)
    okafor = _account(OKAFOR, {Role.PROVIDER, Role.ADMIN}, keyring, at=at)
    rivera = _account(RIVERA, {Role.PROVIDER}, keyring, at=at)
    clients = [_client(person, okafor, rivera, keyring, at=at) for person in CLIENTS]
    _family(LUCIA, clients[-1], okafor, settings, keyring, at=at)
    if first_time:
        _past_visits(okafor, clients, settings, at=at)
    _make_room(okafor, settings, at=at)
    minute = at.replace(second=0, microsecond=0)
    now = book(okafor, clients[0], minute, 50, settings, reason="A first conversation", at=at)
    _coming(okafor, clients, settings, at=at)
    return {
        "url": settings.origin,
        "appointment_url": f"{settings.origin}{appointment_path(now)}",
        "accounts": [_told(person, keyring) for person in (OKAFOR, RIVERA, *CLIENTS, LUCIA) if person.email],
    }


def _account(person: Person, roles: set[Role], keyring: Keyring, *, at: datetime) -> Actor:
    """The person's account as an actor in their first role, made if it is not there."""
    account = _find(person)
    if account is None:
        chosen = choose(_password(person, keyring), name=person.name, email=person.email, roles=roles)
        account = create_account(
            SYSTEM, email=person.email, name=person.name, roles=roles, password=chosen, time_zone=ZONE, at=at
        )
    role = Role.CLIENT if Role.CLIENT in roles else Role.PROVIDER
    return Actor(role=role, account=account.id, name=person.name, roles=frozenset(roles), time_zone=ZONE)


def _find(person: Person) -> Account | None:
    """The person's account, if need be by their name: whoever tries things out changes an address too."""
    by_address: Account | None = Account.get_or_none(Account.email == person.email)
    return by_address or Account.get_or_none(Account.name == person.name)


def _client(person: Person, provider: Actor, colleague: Actor, keyring: Keyring, *, at: datetime) -> Client:
    """The person's record, made if it is not there; with an account if they have an address."""
    client = Client.get_or_none(Client.name == person.name)
    if client is None:
        values = ClientValues(
            name=person.name,
            time_zone=ZONE,
            family_name=person.family_name,
            preferred_name=person.preferred_name,
            pronouns=person.pronouns,
            email=person.email,
            phone=person.phone,
            language=person.language,
        )
        client_id = add_client(provider, values, Details(), at=at)
        add_to_care_team(provider, client_id, colleague.id, at=at)
        client = Client.get_by_id(client_id)
    if person.email and client.account_id is None:
        account = _account(person, {Role.CLIENT}, keyring, at=at).id
        with unit(Event(Action.DEMO_SEEDED, SYSTEM, client=client.id)):
            Client.update(account=account).where(Client.id == client.id).execute()
    return Client.get_by_id(client.id)


def _family(
    person: Person, client: Client, provider: Actor, settings: Settings, keyring: Keyring, *, at: datetime
) -> None:
    """The person acts for *client*, if they do not yet."""
    _account(person, {Role.CLIENT}, keyring, at=at)
    if not listed(client.id, at=at):
        terms = Terms(Relation.PARENT, joins_visits=True, ends_at=None)
        add_family(provider, client.id, settings, name=person.name, email=person.email, terms=terms, at=at)


def _past_visits(provider: Actor, clients: list[Client], settings: Settings, *, at: datetime) -> None:
    """Two visits that were held and one that nobody came to."""
    said = (
        ("Good morning! Can you hear me well?", "Yes, loud and clear."),
        ("Here is the number of the library: 802-555-0139.", "Thank you, I will call them this week."),
    )
    for days_ago, lines in zip((7, 14), said, strict=True):
        _hold_visit(provider, clients[0], lines, settings, at=_hour(at - timedelta(days=days_ago)))
    missed = _hour(at - timedelta(days=3))
    book(provider, clients[2], missed, 50, settings, at=missed - timedelta(days=1))


def _hold_visit(provider: Actor, client: Client, lines: tuple[str, str], settings: Settings, *, at: datetime) -> None:
    appointment = book(provider, client, at, 50, settings, at=at - timedelta(days=1))
    guest = Actor(role=Role.CLIENT, account=client.account_id, name=client.name, time_zone=ZONE)
    mine = visits.enter_waiting_room(
        guest, doors.come_to(guest, appointment), place="Montpelier, VT", phone=client.phone, at=at
    )
    visits.admit(provider, doors.let_in(provider, appointment, mine.id), at=at)
    for actor in (provider, guest):
        _, attendance = visits.record_entry(actor, doors.come_to(actor, appointment), at=at)
        with unit(Event(Action.VISIT_RECORDED, SYSTEM, client=client.id, about={"appointment": appointment})):
            Stay.create(
                attendance=attendance,
                joined_at=at,
                left_at=at + timedelta(minutes=48),
                measured_s=2880.0,
                round_trip_ms=38.0,
            )
    for number, (actor, line) in enumerate(zip((provider, guest), lines, strict=True), start=1):
        spoken = at + timedelta(minutes=number)
        visits.send_chat(actor, doors.come_to(actor, appointment), new_id(), line, at=spoken)
    ended = at + timedelta(minutes=48)
    visits.end_visit(provider, doors.come_to(provider, appointment), settings, at=ended)


def _make_room(provider: Actor, settings: Settings, *, at: datetime) -> None:
    """End what earlier starts left open, and call off what would lie in the way of a visit now."""
    soon = at + timedelta(minutes=50)
    near = Appointment.select().where(
        (Appointment.provider == provider.id)
        & (Appointment.status == Status.SCHEDULED)
        & (Appointment.starts_at < soon)
        & ends_after(at - LATE)
    )
    for appointment in near:
        if Visit.select().where(Visit.appointment == appointment).exists():
            door = doors.come_to(provider, appointment.id)
            visits.end_visit(provider, door, settings, at=at)
        else:
            with unit(Event(Action.DEMO_SEEDED, SYSTEM, about={"appointment": appointment.id})):
                over = Status.DONE if appointment.starts_at <= at else Status.CANCELLED
                Appointment.update(status=over).where(Appointment.id == appointment.id).execute()


def _coming(provider: Actor, clients: list[Client], settings: Settings, *, at: datetime) -> None:
    """Something to look forward to, where the calendar has room and is not full of earlier starts'."""
    hour = _hour(at)
    if sum(line.is_ahead for line in upcoming(provider, at=at).lines) > 3:
        return
    for hours, client in ((3, clients[2]), (26, clients[1]), (50, clients[0]), (75, clients[-1])):
        try:
            book(provider, client, hour + timedelta(hours=hours), 50, settings, at=at)
        except Conflict:
            continue


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _told(person: Person, keyring: Keyring) -> dict[str, Any]:
    account = _find(person)
    if account is None:
        raise LookupError(f"{person.name} has not been made")
    order = (Role.PROVIDER, Role.ADMIN, Role.CLIENT)
    roles = [role.value for role in order if role in roles_of(account.id)]
    return {"name": person.name, "role": roles, "email": account.email, "password": _password(person, keyring)}


def _password(person: Person, keyring: Keyring) -> str:
    digest = hmac.digest(keyring.hash_key("demo passwords"), person.email.encode(), "sha256")
    return base64.b32encode(digest)[:20].decode().lower()
