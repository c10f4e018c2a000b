"""Reading clients: a page of the list, and one client's Info."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass, fields
from datetime import date, datetime

import peewee

from webapp.access.actor import Actor, Role
from webapp.account.models import Account, AccountRole
from webapp.clients.folding import digits, fold
from webapp.clients.models import CareTeam, Client, ClientDetails, Invitation
from webapp.clients.policy import ReadClient
from webapp.clients.values import ClientValues, Details
from webapp.ui.frame import Face

PAGE_ROWS = 50


class Which(enum.StrEnum):
    MINE = "mine"
    ALL = "all"
    ARCHIVED = "archived"


class Order(enum.StrEnum):
    NAME = "name"
    NAME_DOWN = "-name"


@dataclass(frozen=True)
class ClientLine:
    """A row of the list."""

    face: Face
    preferred_name: str
    pronouns: str
    signs_in: bool
    team: tuple[Face, ...]


@dataclass(frozen=True)
class ClientPage:
    """A page of the list. *total* counts what was found, *counts* what each filter holds without the search."""

    lines: tuple[ClientLine, ...]
    total: int
    page: int
    pages: int
    counts: dict[Which, int]


def list_clients(
    actor: Actor, which: Which, *, search: str = "", order: Order = Order.NAME, page: int = 1
) -> ClientPage:
    """One page of the practice's clients whose names, address or number hold every word of *search*."""
    found = _found(actor, which, search)
    total = found.count()
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(1, page), pages)
    # First the ids, from the index alone; then only these rows.
    ids = [row.id for row in found.order_by(*_ORDERS[order]).paginate(page, PAGE_ROWS)]
    return ClientPage(_lines(ids), total, page, pages, _counts(actor))


@dataclass(frozen=True)
class Invited:
    """*until* when the newest unused link works; None if there is none."""

    until: datetime | None
    signs_in_as: str


@dataclass(frozen=True)
class ClientInfo:
    """The Info tab. *details* is None for those who only see the contact."""

    face: Face
    family_name: str
    preferred_name: str
    pronouns: str
    email: str
    phone: str
    time_zone: str
    language: str
    archived: bool
    details: Details | None
    team: tuple[Face, ...]
    invited: Invited


def client_info(read: ReadClient, *, at: datetime) -> ClientInfo:
    """What of the client the asker may see: *read*, from the rule of the route, says how much."""
    client = read.client
    return ClientInfo(
        face=Face(client.id, client.name),
        family_name=client.family_name,
        preferred_name=client.preferred_name,
        pronouns=client.pronouns,
        email=client.email,
        phone=client.phone,
        time_zone=client.time_zone,
        language=client.language,
        archived=client.archived_at is not None,
        details=client_details(read) if read.full else None,
        team=care_team(client.id),
        invited=_invited(client, at=at),
    )


def client_values(read: ReadClient) -> ClientValues:
    """Name and contact as they are written down."""
    return ClientValues(**{part.name: getattr(read.client, part.name) for part in fields(ClientValues)})


def client_details(read: ReadClient) -> Details:
    """Opens what only the care team and the client may see; the caller's rule has said that *read* is full."""
    if not read.full:
        raise RuntimeError("these details are for the care team and the client")
    row = ClientDetails.get(ClientDetails.client == read.client.id)
    return Details(
        birth_date=date.fromisoformat(row.birth_date) if row.birth_date else None,
        address=row.address or "",
        emergency_name=row.emergency_name or "",
        emergency_phone=row.emergency_phone or "",
    )


def care_team(client_id: uuid.UUID) -> tuple[Face, ...]:
    """Who cares for the client, in the order in which they came."""
    return _teams([client_id]).get(client_id, ())


def colleagues(actor: Actor) -> tuple[Face, ...]:
    """The practice's providers who can sign in, by name."""
    if actor.role not in (Role.PROVIDER, Role.ADMIN):
        return ()
    rows = (
        Account.select(Account.id, Account.name)
        .join(AccountRole)
        .where((AccountRole.role == Role.PROVIDER) & Account.disabled_at.is_null())
        .order_by(Account.name)
    )
    return tuple(Face(row.id, row.name) for row in rows)


def own_client(actor: Actor) -> Client | None:
    """The client whom this account belongs to."""
    found: Client | None = Client.get_or_none(Client.account == actor.id)
    return found


_ORDERS: dict[Order, tuple[object, ...]] = {
    Order.NAME: (Client.sort_key, Client.id),
    Order.NAME_DOWN: (Client.sort_key.desc(), Client.id.desc()),
}


def _found(actor: Actor, which: Which, search: str) -> peewee.ModelSelect[Client]:
    clients = Client.select(Client.id)
    if which is Which.ARCHIVED:
        clients = clients.where(Client.archived_at.is_null(False))
    else:
        clients = clients.where(Client.archived_at.is_null())
    if which is Which.MINE:
        mine = CareTeam.select(CareTeam.client).where(CareTeam.provider == actor.id)
        clients = clients.where(Client.id.in_(mine))
    for word in _words(search):
        clients = clients.where(Client.search.contains(word))
    return clients


def _words(search: str) -> tuple[str, ...]:
    """What must be found: the number if it looks like a phone number, else each word."""
    if search.strip() and not search.strip(" +-().0123456789"):
        return (digits(search),) if digits(search) else ()
    return tuple(fold(search).split())


def _lines(ids: list[uuid.UUID]) -> tuple[ClientLine, ...]:
    rows = {row.id: row for row in Client.select().where(Client.id.in_(ids))}
    teams = _teams(ids)
    return tuple(
        ClientLine(
            face=Face(row.id, row.name),
            preferred_name=row.preferred_name,
            pronouns=row.pronouns,
            signs_in=row.account_id is not None,
            team=teams.get(row.id, ()),
        )
        for row in (rows[id_] for id_ in ids)
    )


def _teams(ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[Face, ...]]:
    rows = (
        CareTeam.select(CareTeam.client, Account.id, Account.name)
        .join(Account)
        .where(CareTeam.client.in_(ids))
        .order_by(CareTeam.added_at, Account.name)
    )
    teams: dict[uuid.UUID, tuple[Face, ...]] = {}
    for row in rows:
        face = Face(row.provider.id, row.provider.name)
        teams[row.client_id] = (*teams.get(row.client_id, ()), face)
    return teams


def _counts(actor: Actor) -> dict[Which, int]:
    return {which: _found(actor, which, "").count() for which in Which}


def _invited(client: Client, *, at: datetime) -> Invited:
    if client.account_id is not None:
        account = Account.get_by_id(client.account_id)
        return Invited(until=None, signs_in_as=account.email)
    newest = (
        Invitation.select()
        .where((Invitation.client == client.id) & Invitation.used_at.is_null() & (Invitation.expires_at > at))
        .order_by(Invitation.expires_at.desc())
        .first()
    )
    return Invited(until=newest.expires_at if newest else None, signs_in_as="")
