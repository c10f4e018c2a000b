"""One client, everybody who could stand in some relation to them, and one of each thing that an address can name."""

from __future__ import annotations

import enum
import itertools
import uuid
from dataclasses import dataclass, field

from flask import Flask

from core.clock import utcnow
from core.ids import new_token, token_hash
from tests.webapp import people
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import DETAILS
from tests.webapp.people import Browser, make_account
from webapp.access.actor import SYSTEM, Role
from webapp.access.sessions import Session
from webapp.access.table import Principal
from webapp.account.mfa.models import AuthenticatorApp
from webapp.account.models import Account
from webapp.appointments.visit.models import Attendance, Stay, Visit
from webapp.audit.events import Action, Event
from webapp.clients.break_glass import LASTS
from webapp.clients.models import (
    BreakGlass,
    BreakGlassReason,
    CareTeam,
    Client,
    ClientDetails,
    FamilyMember,
    Registration,
    Relation,
)
from webapp.clients.values import ClientValues
from webapp.db.unit import housekeeping, unit

MISSING = {"role": "owner", "token": "never-was"}
_numbers = itertools.count(1)


class Who(enum.Enum):
    """The columns of the table, as people: a principal in one active role."""

    ANONYMOUS = (Principal.ANONYMOUS, Role.ANONYMOUS)
    CLIENT_SELF = (Principal.CLIENT_SELF, Role.CLIENT)
    CLIENT_OTHER = (Principal.CLIENT_OTHER, Role.CLIENT)
    FAMILY = (Principal.FAMILY, Role.CLIENT)
    ASSIGNED = (Principal.PROVIDER_ASSIGNED, Role.PROVIDER)
    UNASSIGNED = (Principal.PROVIDER_UNASSIGNED, Role.PROVIDER)
    BREAK_GLASS = (Principal.BREAK_GLASS, Role.PROVIDER)
    BILLING = (Principal.BILLING_ASSIGNED, Role.PROVIDER)
    ADMIN = (Principal.ADMIN, Role.ADMIN)

    @property
    def principal(self) -> Principal:
        return self.value[0]

    @property
    def role(self) -> Role:
        return self.value[1]


# Everybody has every role, and none adds to the active one. The admin is the assigned provider herself.
OTHER_ROLE = {Role.CLIENT: Role.PROVIDER, Role.PROVIDER: Role.ADMIN, Role.ADMIN: Role.PROVIDER}


@dataclass
class Scene:
    """*things* by the name that they have in addresses; *own* the things that are each person's own.

    *others*: things of the same provider in another state, which some acts need.
    """

    accounts: dict[Who, Account]
    things: dict[str, uuid.UUID]
    own: dict[Who, dict[str, object]] = field(default_factory=dict)
    others: dict[str, uuid.UUID] = field(default_factory=dict)

    def browser(self, app: Flask, who: Who) -> Browser:
        """A browser in which *who* has just signed in, with every proof."""
        if who is Who.ANONYMOUS:
            return people.browser(app)
        made = people.sign_in(app, self.accounts[who], who.role)
        with housekeeping("the password was given, too"):
            Session.update(password_at=utcnow()).where(Session.account == self.accounts[who].id).execute()
        return made


def make_scene() -> Scene:
    """A new scene, in one transaction."""
    with unit(Event(Action.DEMO_SEEDED, SYSTEM)):
        accounts = {
            who: make_account(Role.CLIENT, Role.PROVIDER, Role.ADMIN, password_hash="never asked here")
            for who in Who
            if who not in (Who.ANONYMOUS, Who.ADMIN)
        }
        accounts[Who.ADMIN] = accounts[Who.ASSIGNED]
        client = _client(accounts[Who.ASSIGNED], accounts[Who.CLIENT_SELF])
        _client(accounts[Who.UNASSIGNED], accounts[Who.CLIENT_OTHER])
        FamilyMember.create(
            client=client,
            account=accounts[Who.FAMILY],
            name="Family",
            email=accounts[Who.FAMILY].email,
            relation=Relation.PARENT,
            joins_visits=True,
            added_at=utcnow(),
        )
        waiting = FamilyMember.create(
            client=client,
            name="Invited",
            email=f"invited{next(_numbers)}@example.org",
            relation=Relation.OTHER,
            joins_visits=False,
            added_at=utcnow(),
        )
        opening = BreakGlass.create(
            client=client, provider=accounts[Who.BREAK_GLASS], opened_at=utcnow(), ends_at=utcnow() + LASTS
        )
        BreakGlassReason.create(opening=opening, text="Found unconscious")
        asking = Registration.create(
            token_hash=token_hash(new_token()),
            name="Asks Politely",
            email=f"asks{next(_numbers)}@example.org",
            language="en",
            asked_at=utcnow(),
            proved_at=utcnow(),
        )
        appointment = make_appointment(accounts[Who.ASSIGNED], client)
        person = _visit(appointment.id, client, accounts)
        things = {
            "client_id": client.id,
            "appointment_id": appointment.id,
            "person": person,
            "member_id": waiting.id,
            "opening_id": opening.id,
            "registration_id": asking.id,
            "account_id": accounts[Who.UNASSIGNED].id,
        }
        own = {who: _own(account, who.role) for who, account in accounts.items()}
        newcomer = _client(accounts[Who.ASSIGNED], None)
        colleague = make_account(Role.PROVIDER)
        CareTeam.create(client=client, provider=colleague, added_at=utcnow())
        others = {
            "colleague": colleague.id,
            "newcomer": newcomer.id,
            "first": make_appointment(accounts[Who.ASSIGNED], newcomer).id,
            "coming": make_appointment(accounts[Who.ASSIGNED], client, starts_at=utcnow() + LASTS).id,
        }
    return Scene(accounts, things, own, others)


def _client(provider: Account, account: Account | None) -> Client:
    name, email = (account.name, account.email) if account else ("Newcomer", f"newcomer{next(_numbers)}@example.org")
    values = ClientValues(name, "America/New_York", email=email, phone="802-555-0147")
    client = Client.create(
        account=account,
        name=values.name,
        family_name=values.listed_under,
        email=values.email,
        phone=values.phone,
        time_zone=values.time_zone,
        sort_key=values.sort_key,
        search=values.search,
        created_at=utcnow(),
    )
    ClientDetails.create(client=client, birth_date="1988-04-09", address=DETAILS.address)
    CareTeam.create(client=client, provider=provider, added_at=utcnow())
    return client


def _visit(appointment: uuid.UUID, client: Client, accounts: dict[Who, Account]) -> uuid.UUID:
    """A visit that is on, with the provider, the client and the client's family inside; the client's attendance."""
    now = utcnow()
    visit = Visit.create(appointment=appointment, began_at=now)
    for who in (Who.ASSIGNED, Who.CLIENT_SELF, Who.FAMILY):
        attendance = Attendance.create(
            visit=visit,
            account=accounts[who],
            client=None if who is Who.ASSIGNED else client,
            role=who.role,
            seen_at=now,
            granted_at=now,
            admitted_at=None if who is Who.ASSIGNED else now,
        )
        Stay.create(attendance=attendance, joined_at=now)
    return Attendance.get((Attendance.visit == visit) & (Attendance.account == accounts[Who.CLIENT_SELF])).id


def _own(account: Account, role: Role) -> dict[str, object]:
    now = utcnow()
    session = Session.create(
        token_hash=f"scene{next(_numbers)}",
        account=account.id,
        role=role,
        created_at=now,
        last_seen_at=now,
        ends_at=now + LASTS,
        address="127.0.0.1",
        device="Another",
    )
    apps = [
        AuthenticatorApp.create(account=account, name="App", seed="A" * 32, created_at=now, confirmed_at=confirmed)
        for confirmed in (now, None)
    ]
    return {"session_id": session.id, "factor_id": apps[0].id, "app_id": apps[1].id, "role": OTHER_ROLE[role].value}
