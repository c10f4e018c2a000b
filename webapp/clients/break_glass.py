"""Opening a record in an emergency: for 60 minutes, with a reason, and everybody concerned is told."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee
from flask_babel import gettext

from core.errors import Conflict, NotFound
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, On, refuse_role
from webapp.access.table import Act, Resource
from webapp.account.models import Account, AccountRole
from webapp.audit.events import Action, Event
from webapp.clients import policy
from webapp.clients.models import BreakGlass, BreakGlassReason, CareTeam, Client, holds
from webapp.clients.policy import ReadClient
from webapp.db.unit import unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate, NoticeKind
from webapp.outbox.notices import notify
from webapp.ui.frame import Face

LASTS = timedelta(minutes=60)
SHOWN_FOR = timedelta(days=30)  # on the profile; older ones are in the audit record, for good
PAGE_ROWS = 50
NEWS_FOR = timedelta(days=7)  # on the homes of those who were told


@dataclass(frozen=True)
class Opening:
    """An emergency, as those see it who were told. *open* while it still lets its provider read."""

    id: uuid.UUID
    client: Face
    provider: Face
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    open: bool


@dataclass(frozen=True)
class ReadOpening:
    """An emergency that an admin looks at."""

    row: BreakGlass

    @property
    def audit_client(self) -> uuid.UUID:
        """Whose record was opened."""
        return self.row.client_id


def of_opening(act: Act) -> On[[uuid.UUID], ReadOpening]:
    """The rule of an address about one emergency: for admins."""

    def judge(actor: Actor, opening_id: uuid.UUID) -> ReadOpening:
        refuse_role(actor, Resource.BREAK_GLASS, act)
        row = BreakGlass.get_or_none(BreakGlass.id == opening_id)
        if row is None:
            raise NotFound(ABSENT)
        return ReadOpening(row)

    return On(Resource.BREAK_GLASS, act, judge)


def open_record(actor: Actor, client_id: uuid.UUID, reason: str, settings: Settings, *, at: datetime) -> BreakGlass:
    """The actor may read this client's record for an hour. The admins and the care team are told. Conflict if open."""
    row = BreakGlass(client=client_id, provider=actor.id, opened_at=at, ends_at=at + LASTS)
    with unit(Event(Action.BREAK_GLASS_OPENED, actor, client=client_id, about={"break_glass": row.id})):
        # The client's row is the lock: a button that is pressed twice opens once.
        Client.update(archived_at=Client.archived_at).where(Client.id == client_id).execute()
        if policy.open_glass(actor, client_id) is not None:
            raise Conflict(gettext("This record is open to you already. Go back to the client’s page."))
        row.save(force_insert=True)
        BreakGlassReason.create(opening=row, text=reason)
        told = _concerned(client_id, but=actor.id)
        notify(told, NoticeKind.BREAK_GLASS, row.id, at=at)
        if settings.mail.host:
            for account in told.values():
                post(account.email, MailTemplate.BREAK_GLASS, {"link": settings.origin}, at=at)
    return row


def close_own(actor: Actor, read: ReadClient, *, at: datetime) -> None:
    """The actor no longer needs the record that *read* opened to them."""
    if read.opening is None:
        raise RuntimeError("the rule lets only those close who have opened")
    close(actor, read.opening, at=at)


def close(actor: Actor, row: BreakGlass, *, at: datetime) -> None:
    """It is over from the next request on. Conflict if it is over already."""
    about = {"break_glass": row.id}
    with unit(Event(Action.BREAK_GLASS_ENDED, actor, client=row.client_id, about=about)):
        ended = (
            BreakGlass.update(ended_at=at, ended_by=actor.id)
            .where((BreakGlass.id == row.id) & holds(BreakGlass, at))
            .execute()
        )
        if not ended:
            raise Conflict(gettext("This was over already, so nothing was changed."))
        notify({row.provider_id, *_concerned(row.client_id, but=actor.id)}, NoticeKind.BREAK_GLASS, row.id, at=at)


def news(actor: Actor, *, at: datetime) -> tuple[Opening, ...]:
    """What the actor's home tells of: as a provider those of their own clients, as an admin all; of the last days."""
    rows = _rows().where(BreakGlass.opened_at > at - NEWS_FOR)
    if actor.role is Role.PROVIDER:
        mine = CareTeam.select(CareTeam.client).where(CareTeam.provider == actor.id)
        rows = rows.where(BreakGlass.client.in_(mine))
    elif actor.role is not Role.ADMIN:
        return ()
    return tuple(_opening(row, at=at) for row in rows)


@dataclass(frozen=True)
class Openings:
    """A page of them."""

    lines: tuple[Opening, ...]
    page: int
    pages: int


def all_openings(*, page: int, at: datetime) -> Openings:
    """A page of all that there ever were, latest first: for admins."""
    pages = max(1, -(-BreakGlass.select().count() // PAGE_ROWS))
    page = min(max(1, page), pages)
    return Openings(tuple(_opening(row, at=at) for row in _rows().paginate(page, PAGE_ROWS)), page, pages)


@dataclass(frozen=True)
class Told:
    """An emergency with its reason, for the care team and for admins."""

    opening: Opening
    reason: str


def told_on_profile(client_id: uuid.UUID, *, at: datetime) -> tuple[Told, ...]:
    """Those of the last month with their reasons. Opens what is sealed: for those who read the whole record."""
    rows = _rows().where((BreakGlass.client == client_id) & (BreakGlass.opened_at > at - SHOWN_FOR))
    return tuple(_told(row, at=at) for row in rows)


def told(read: ReadOpening, *, at: datetime) -> Told:
    """One, with its reason; the route records it."""
    return _told(_rows().where(BreakGlass.id == read.row.id).get(), at=at)


def _concerned(client_id: uuid.UUID, *, but: uuid.UUID) -> dict[uuid.UUID, Account]:
    """The care team, and every admin, who can sign in."""
    team = CareTeam.select(CareTeam.provider).where(CareTeam.client == client_id)
    admins = AccountRole.select(AccountRole.account).where(AccountRole.role == Role.ADMIN)
    rows = Account.select().where(
        (Account.id.in_(team) | Account.id.in_(admins)) & (Account.id != but) & Account.disabled_at.is_null()
    )
    return {row.id: row for row in rows}


def _rows() -> peewee.ModelSelect[BreakGlass]:
    return (
        BreakGlass.select(BreakGlass, Client.id, Client.name, Account.id, Account.name)
        .join_from(BreakGlass, Client)
        .join_from(BreakGlass, Account)
        .order_by(BreakGlass.opened_at.desc(), BreakGlass.id)
    )


def _opening(row: BreakGlass, *, at: datetime) -> Opening:
    return Opening(
        id=row.id,
        client=Face(row.client.id, row.client.name),
        provider=Face(row.provider.id, row.provider.name),
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        open=row.ended_at is None and row.ends_at > at,
    )


def _told(row: BreakGlass, *, at: datetime) -> Told:
    return Told(_opening(row, at=at), BreakGlassReason.get(BreakGlassReason.opening == row.id).text)
