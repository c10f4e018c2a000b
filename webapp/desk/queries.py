"""What the homes show, put together from several features."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.account.models import Account, AccountRole
from webapp.appointments import queries as appointments
from webapp.appointments.queries import Around, Line
from webapp.clients.families import for_whom
from webapp.clients.queries import ClientLine, ClientPage, care_team
from webapp.desk.bar import waiting_people
from webapp.practice.queries import PracticeInfo, current
from webapp.ui.frame import Face

SOON = 5  # how many of the coming days' appointments stand beside today's


@dataclass(frozen=True)
class ProviderHome:
    """Today: what is left of it, and what comes after it. Who waits, the bar knows."""

    hour: int
    next: tuple[Line, ...]
    soon: tuple[Line, ...]


def provider_home(actor: Actor, *, at: datetime) -> ProviderHome:
    """The acting provider's day."""
    today = appointments.today(actor, at=at)
    waiting_in = {person.appointment_id for person in waiting_people(actor)}
    left = tuple(line for line in today if line.is_ahead and line.id not in waiting_in)
    todays = {line.id for line in today}
    later = appointments.upcoming(actor, at=at).lines
    soon = tuple(line for line in later if line.id not in todays and not line.is_cancelled)[:SOON]
    return ProviderHome(at.astimezone(ZoneInfo(actor.time_zone)).hour, left, soon)


@dataclass(frozen=True)
class ClientHome:
    """The next visit and the people who care."""

    called: str
    client_id: uuid.UUID | None
    next: Line | None
    starts_in_min: int  # below 0 once it has begun
    team: tuple[Face, ...]
    practice: PracticeInfo
    acts: bool  # for somebody besides, or instead of, themself
    shown: tuple[str, ...]  # whose visits the page shows


def client_home(actor: Actor, *, at: datetime) -> ClientHome:
    """The acting client's home."""
    whose = for_whom(actor)
    client = whose.own
    line = appointments.next_up(actor, at=at)
    return ClientHome(
        called=client.called if client else actor.name,
        client_id=client.id if client else None,
        next=line,
        starts_in_min=int((line.starts_at - at).total_seconds() // 60) if line else 0,
        team=care_team(client.id) if client else (),
        practice=current(),
        acts=bool(whose.others),
        shown=tuple(each.called for each in whose.shown),
    )


@dataclass(frozen=True)
class Colleague:
    """Somebody who works here, and as what."""

    face: Face
    email: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class AdminHome:
    """The practice and its people."""

    practice: PracticeInfo
    colleagues: tuple[Colleague, ...]
    has_mail: bool


def admin_home(settings: Settings) -> AdminHome:
    """What an admin looks at first."""
    rows = (
        AccountRole.select(AccountRole.role, Account.id, Account.name, Account.email)
        .join(Account)
        .where((AccountRole.role != Role.CLIENT) & Account.disabled_at.is_null())
        .order_by(Account.name, AccountRole.role.desc())
    )
    people: dict[uuid.UUID, Colleague] = {}
    for row in rows:
        face, email = Face(row.account.id, row.account.name), row.account.email
        before = people.get(face.id, Colleague(face, email, ()))
        people[face.id] = Colleague(face, email, (*before.roles, row.role))
    return AdminHome(current(), tuple(people.values()), bool(settings.mail.host))


def around_mine(actor: Actor, page: ClientPage, *, at: datetime) -> dict[uuid.UUID, Around]:
    """When the clients of *page* come and came, for those whose care team the actor is on and no others."""
    mine = [line.face.id for line in page.lines if _cares(actor, line)]
    return {**dict.fromkeys(mine, Around()), **appointments.around(mine, at=at)}


def waiting_clients(actor: Actor) -> frozenset[uuid.UUID]:
    """The clients who wait for the actor now."""
    return frozenset(person.client_id for person in waiting_people(actor))


def _cares(actor: Actor, line: ClientLine) -> bool:
    return actor.role is Role.PROVIDER and any(face.id == actor.account for face in line.team)
