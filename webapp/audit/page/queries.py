"""Reading the audit record. It is long: pages are found by their number in the chain, never by counting."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee

from webapp.access.actor import Actor, Role
from webapp.account.models import Account
from webapp.audit.events import Action, Outcome
from webapp.audit.models import AuditEvent
from webapp.clients.folding import fold
from webapp.clients.models import Client
from webapp.clients.policy import ReadClient

PAGE_ROWS = 50
BATCH = 500
MATCHES_MAX = 200  # of a name that is typed in; more of them are asked for by a longer part


@dataclass(frozen=True)
class Filter:
    """What is looked for; empty means everything. *who* and *client* are a part of a name, or an id."""

    who: str = ""
    client: str = ""
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """A row of the record with the names that its ids have today. Names are empty where there is none."""

    sequence: int
    at: datetime
    action: Action
    outcome: Outcome
    account: uuid.UUID | None
    name: str
    role: Role
    address: str
    client: uuid.UUID | None
    client_name: str
    about: dict[str, Any]


@dataclass(frozen=True)
class Lines:
    """A page, latest first. *older* and *newer* are where the next pages begin, None at the ends."""

    lines: tuple[Line, ...]
    older: int | None
    newer: int | None


def page(wanted: Filter, *, before: int | None = None, after: int | None = None) -> Lines:
    """The rows just before number *before*, or just after *after*; the latest if neither is given."""
    rows = _found(wanted)
    if after is not None:
        up = list(rows.where(AuditEvent.sequence > after).order_by(AuditEvent.sequence).limit(PAGE_ROWS + 1))
        shown = list(reversed(up[:PAGE_ROWS]))
        more_newer, more_older = len(up) > PAGE_ROWS, True
    else:
        if before is not None:
            rows = rows.where(AuditEvent.sequence < before)
        down = list(rows.order_by(AuditEvent.sequence.desc()).limit(PAGE_ROWS + 1))
        shown = down[:PAGE_ROWS]
        more_newer, more_older = before is not None, len(down) > PAGE_ROWS
    if not shown:
        return Lines((), None, None)
    return Lines(
        _lines(shown),
        older=shown[-1].sequence if more_older else None,
        newer=shown[0].sequence if more_newer else None,
    )


def everything(wanted: Filter) -> Iterator[Line]:
    """All rows that fit, first to last, a batch at a time."""
    done = 0
    while True:
        rows = list(_found(wanted).where(AuditEvent.sequence > done).order_by(AuditEvent.sequence).limit(BATCH))
        if not rows:
            return
        done = rows[-1].sequence
        yield from _lines(rows)


@dataclass(frozen=True)
class Opened:
    """What one person did about a client's record on one day: *times* times, the last time at *at*."""

    name: str
    role: Role
    action: Action
    at: datetime
    times: int


@dataclass(frozen=True)
class OpenedPage:
    """A page of them, latest first."""

    lines: tuple[Opened, ...]
    page: int
    pages: int


def openings(read: ReadClient, actor: Actor, *, page: int) -> OpenedPage:
    """Who but the client themself did what about this record, by day; what was refused was not done."""
    day_us = 86_400_000_000  # Moments are microseconds
    day = AuditEvent.at.cast("bigint") / day_us  # whole numbers on both databases
    others = (
        (AuditEvent.client == read.audit_client)
        & (AuditEvent.account != actor.id)
        & (AuditEvent.outcome == Outcome.DONE)
    )
    last = peewee.fn.MAX(AuditEvent.sequence)
    whole: Any = (
        AuditEvent.select(
            AuditEvent.account, AuditEvent.role, AuditEvent.action,
            peewee.fn.MAX(AuditEvent.at).alias("last_at"), peewee.fn.COUNT(AuditEvent.sequence).alias("times"),
        )
        .where(others)
        .group_by(AuditEvent.account, AuditEvent.role, AuditEvent.action, day)
    )  # fmt: skip
    pages = max(1, -(-whole.count() // PAGE_ROWS))
    page = min(max(1, page), pages)
    rows = list(whole.order_by(last.desc()).paginate(page, PAGE_ROWS).tuples())
    names = _names(Account, [row[0] for row in rows])
    lines = tuple(
        Opened(names.get(account, ""), Role(role), Action(action), last_at, times)
        for account, role, action, last_at, times in rows
    )
    return OpenedPage(lines, page, pages)


def _found(wanted: Filter) -> peewee.ModelSelect[AuditEvent]:
    rows = AuditEvent.select()
    if wanted.who:
        rows = rows.where(AuditEvent.account.in_(_people(wanted.who)))
    if wanted.client:
        rows = rows.where(AuditEvent.client.in_(_clients(wanted.client)))
    if wanted.action is not None:
        rows = rows.where(AuditEvent.action == wanted.action)
    if wanted.since is not None:
        rows = rows.where(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        rows = rows.where(AuditEvent.at < wanted.until)
    return rows


def _people(words: str) -> list[uuid.UUID]:
    """The accounts that are meant: by id, or by a part of name or address."""
    exact = _as_id(words)
    if exact is not None:
        return [exact]
    fits = Account.name.contains(words) | Account.email.contains(words)
    return [row.id for row in Account.select(Account.id).where(fits).order_by(Account.name).limit(MATCHES_MAX)]


def _clients(words: str) -> list[uuid.UUID]:
    exact = _as_id(words)
    if exact is not None:
        return [exact]
    clients = Client.select(Client.id)
    for word in fold(words).split():
        clients = clients.where(Client.search.contains(word))
    return [row.id for row in clients.order_by(Client.sort_key).limit(MATCHES_MAX)]


def names_in(wanted: Filter) -> dict[str, str]:
    """Whom a filter by id means, by the filter's name: to say it in words."""
    who, client = _as_id(wanted.who), _as_id(wanted.client)
    return {
        **({"who": _names(Account, [who]).get(who, str(who))} if who else {}),
        **({"client": _names(Client, [client]).get(client, str(client))} if client else {}),
    }


def _as_id(words: str) -> uuid.UUID | None:
    """The id that somebody typed or followed a link with."""
    try:
        return uuid.UUID(words)
    except ValueError:
        return None


def _lines(rows: list[AuditEvent]) -> tuple[Line, ...]:
    people = _names(Account, [row.account for row in rows])
    clients = _names(Client, [row.client for row in rows])
    return tuple(
        Line(
            sequence=row.sequence,
            at=row.at,
            action=row.action,
            outcome=row.outcome,
            account=row.account,
            name=people.get(row.account, ""),
            role=Role(row.role),
            address=row.address,
            client=row.client,
            client_name=clients.get(row.client, ""),
            about=row.about,
        )
        for row in rows
    )


def _names(of: type[Account] | type[Client], ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID | None, str]:
    rows = of.select(of.id, of.name).where(of.id.in_([each for each in set(ids) if each is not None]))
    return {row.id: str(row.name) for row in rows}
