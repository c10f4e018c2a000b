"""Signed-in sessions: rows that can be ended, and a cookie that holds a random id and nothing else (ASVS 7.2, 7.3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import peewee
from flask import Response, request

from core.errors import Conflict
from core.ids import new_id, new_token, token_hash
from core.settings import Portal
from webapp.access.actor import Role
from webapp.db.fields import Choice, Moment, PlainText, Row
from webapp.db.unit import Unit, current_unit, housekeeping

COOKIE = "__Host-session"
IN_VISIT_FOR = timedelta(minutes=2)  # a visit's page is heard of every 15 s
UNDER_WAY = timedelta(minutes=1)
SEEN_EVERY_S = 60  # last-seen is written at most this often: a page view should not cost a synced write


class Session(Row):
    """One sign-in on one device. Only the hash of the cookie's token is kept."""

    token_hash = PlainText(why="looked up at each request; a hash", unique=True)
    account = peewee.UUIDField(index=True)
    role = Choice(Role)
    created_at = Moment()
    last_seen_at = Moment()
    ends_at = Moment()
    ended_at = Moment(null=True)
    address = PlainText(why="shown under Where you are signed in")
    device = PlainText(why="shown under Where you are signed in")
    password_at = Moment(null=True)  # when the password was given again within this session
    confirmed_at = Moment(null=True)  # when the strongest proof that the account has was given again
    acting_for = peewee.UUIDField(null=True)  # the client for whom lists are shown, if one of several was chosen
    in_visit_at = Moment(null=True)  # when the page of a running visit was last heard of
    shown_at = Moment(null=True)  # when its cookie was shown for the first time after its end


@dataclass(frozen=True)
class LiveSession:
    """A session that is good at this moment; *visit_only*: idle for too long, but for the visit that it is in."""

    id: uuid.UUID
    account: uuid.UUID
    role: Role
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    address: str
    device: str
    password_at: datetime | None
    confirmed_at: datetime | None
    visit_only: bool = False
    acting_for: uuid.UUID | None = None


# The unit that began sessions last, and which: what ends all the others must spare those of its own.
_begun: ContextVar[tuple[Unit | None, frozenset[uuid.UUID]]] = ContextVar("begun", default=(None, frozenset()))

_SIGNED_OUT = "You were signed out meanwhile, or did this in another tab. Reload the page to see where you are."

Told = Callable[[uuid.UUID, datetime], None]
_tell_ended: Told | None = None


def tell_ended(listener: Told) -> None:
    """Have *listener* called with the account and the moment whenever sessions of it end, inside the unit that does so.

    It takes away what outlives a request: calls. A session that is exchanged for another has not ended.
    """
    global _tell_ended
    _tell_ended = listener


def start(
    account: uuid.UUID,
    role: Role,
    limits: Portal,
    *,
    address: str,
    device: str,
    at: datetime,
    confirmed_at: datetime | None = None,
) -> tuple[LiveSession, str]:
    """A new session and the token for its cookie, inside the caller's unit. Old ids are never taken over.

    *confirmed_at*: when all the proofs that the account has were given, if they were.
    """
    current_unit()
    token = new_token()
    session = Session.create(
        id=_note_begun(),
        token_hash=token_hash(token),
        account=account,
        role=role,
        created_at=at,
        last_seen_at=at,
        ends_at=at + timedelta(hours=limits.session_hours),
        address=address,
        device=device[:200],
        confirmed_at=confirmed_at,
    )
    return _live(session), token


def exchange(
    session_id: uuid.UUID,
    role: Role,
    *,
    at: datetime,
    password_at: datetime | None = None,
    confirmed_at: datetime | None = None,
) -> str:
    """The token of a new session in *role* instead of this one, with the same end; inside the caller's unit.

    *password_at* and *confirmed_at* are proofs just given; those of the old session are kept otherwise. Conflict if
    it has ended meanwhile, or was exchanged already: one session never becomes two.
    """
    if not _close(Session.id == session_id, at=at):
        raise Conflict(_SIGNED_OUT)
    old, token = Session.get_by_id(session_id), new_token()
    Session.create(
        id=_note_begun(),
        token_hash=token_hash(token),
        account=old.account,
        role=role,
        created_at=old.created_at,
        last_seen_at=at,
        ends_at=old.ends_at,
        address=old.address,
        device=old.device,
        password_at=password_at or old.password_at,
        confirmed_at=confirmed_at or old.confirmed_at,
        acting_for=old.acting_for,
    )
    return token


def find(token: str, limits: Portal, *, at: datetime) -> LiveSession | None:
    """The session of a cookie's token if it is neither ended, idle for too long nor too old.

    Idle for too long in a running visit, it is good for the visit only: one listens for an hour without a click, and
    the record's pages lock all the same.
    """
    row = Session.get_or_none(Session.token_hash == token_hash(token))
    if row is None or row.ended_at is not None or at >= row.ends_at:
        return None
    if at < row.last_seen_at + timedelta(minutes=limits.idle_minutes):
        return _live(row)
    if row.in_visit_at is not None and at < row.in_visit_at + IN_VISIT_FOR:
        return _live(row, visit_only=True)
    return None


def role_in(token: str) -> Role | None:
    """The role of the session of a cookie's token, good or not: where somebody was who has to sign in again."""
    row = Session.get_or_none(Session.token_hash == token_hash(token))
    return row.role if row else None


def shown_after_end(token: str, *, at: datetime) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Session and account of a cookie that was kept, or stolen, beyond the session's end; the first time only.

    Not within a minute of the end: requests that were under way then are nobody's guile.
    """
    row = Session.get_or_none(Session.token_hash == token_hash(token))
    if row is None or row.ended_at is None or row.shown_at is not None or at < row.ended_at + UNDER_WAY:
        return None
    with housekeeping("one row in the record for each session, however often its cookie comes"):
        first = Session.update(shown_at=at).where((Session.id == row.id) & Session.shown_at.is_null()).execute()
    return (row.id, row.account) if first else None


def touch(session: LiveSession, *, at: datetime) -> LiveSession:
    """Somebody did something: the idle time starts anew. The session as it is then."""
    if at - session.last_seen_at < timedelta(seconds=SEEN_EVERY_S):
        return session
    with housekeeping("when a session was last used"):
        Session.update(last_seen_at=at).where(Session.id == session.id).execute()
    return replace(session, last_seen_at=at)


@dataclass(frozen=True)
class Remaining:
    """*left_s* until somebody who does nothing is signed out; *can_stay*: doing something would put that off."""

    left_s: int
    can_stay: bool


def remaining(session: LiveSession, limits: Portal, *, at: datetime) -> Remaining:
    """How long *session* is good if nobody does anything."""
    idle_at = session.last_seen_at + timedelta(minutes=limits.idle_minutes)
    left = min(idle_at, session.ends_at) - at
    return Remaining(max(0, int(left.total_seconds())), can_stay=idle_at < session.ends_at)


def touch_visit(session_id: uuid.UUID, *, at: datetime) -> None:
    """The page of a running visit is open in this session."""
    heard = Session.update(in_visit_at=at).where(
        (Session.id == session_id)
        & (Session.in_visit_at.is_null() | (Session.in_visit_at <= at - timedelta(seconds=SEEN_EVERY_S)))
    )
    with housekeeping("when the page of a visit was last heard of"):
        heard.execute()


def act_for(session_id: uuid.UUID, client: uuid.UUID | None) -> None:
    """Show lists for *client* from now on, or for everybody; inside the caller's unit."""
    current_unit()
    Session.update(acting_for=client).where(Session.id == session_id).execute()


def end(session_id: uuid.UUID, *, at: datetime) -> None:
    """This session is over from the next request on; inside the caller's unit."""
    row = Session.get_or_none(Session.id == session_id)
    if row is not None and _close(Session.id == session_id, at=at):
        _tell(row.account, at=at)


def end_by_token(token: str, *, at: datetime) -> None:
    """The session of this cookie's token, if there is one, is over; inside the caller's unit."""
    row = Session.get_or_none(Session.token_hash == token_hash(token))
    if row is not None:
        end(row.id, at=at)


def hold(session_id: uuid.UUID) -> None:
    """Keep this session from ending before the caller's unit is over. Conflict if it has ended."""
    current_unit()
    good = (Session.id == session_id) & Session.ended_at.is_null()
    if not Session.update(ended_at=None).where(good).execute():  # changes nothing, and locks the row
        raise Conflict(_SIGNED_OUT)


def is_open(session_id: uuid.UUID, account: uuid.UUID) -> bool:
    """Whether this is a session of *account* that nobody has ended."""
    return bool(
        Session.select()
        .where((Session.id == session_id) & (Session.account == account) & Session.ended_at.is_null())
        .exists()
    )


def live_of(account: uuid.UUID, limits: Portal, *, at: datetime) -> list[LiveSession]:
    """The sessions of *account* that are good at this moment, the last used first."""
    rows = (
        Session.select()
        .where(
            (Session.account == account) & Session.ended_at.is_null() & (Session.ends_at > at) & _present(limits, at)
        )
        .order_by(Session.last_seen_at.desc())
    )
    return [_live(row) for row in rows]


def end_all(account: uuid.UUID, *, but: uuid.UUID | None = None, at: datetime) -> int:
    """End every session of *account* (except *but*); how many there were. Inside the caller's unit."""
    whose = Session.account == account
    which = whose if but is None else whose & (Session.id != but)
    ended = _close(which, at=at)

    def close_newcomers() -> None:
        _close(which & Session.id.not_in(list(_begun_here())), at=at)

    # Once more when this unit alone commits: one that began, or was exchanged, in the meantime was not seen before.
    current_unit().before_commit(close_newcomers)
    if ended or but is None:  # a call can outlive the session in which it began
        _tell(account, at=at)
    return ended


def over(session_ids: Iterable[uuid.UUID], limits: Portal, *, at: datetime) -> set[uuid.UUID]:
    """Which of these sessions are not good any more at this moment."""
    asked = set(session_ids)
    good = Session.select(Session.id).where(
        Session.id.in_(asked) & Session.ended_at.is_null() & (Session.ends_at > at) & _present(limits, at)
    )
    return asked - {row.id for row in good}


def read_cookie() -> str | None:
    """The token that this request brought."""
    return request.cookies.get(COOKIE)


def set_cookie(response: Response, token: str, role: Role) -> None:
    """Give the browser its token; it lives as long as the browser, the server decides the rest.

    In the admin role, which asked for a fresh proof, no link on another site carries it (SameSite=Strict).
    """
    same_site = "Strict" if role is Role.ADMIN else "Lax"
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite=same_site, path="/")


def clear_cookie(response: Response) -> None:
    """Take the token away."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")


def _present(limits: Portal, at: datetime) -> peewee.Expression:
    lately = Session.last_seen_at > at - timedelta(minutes=limits.idle_minutes)
    return lately | (Session.in_visit_at > at - IN_VISIT_FOR)


def _close(which: peewee.Expression, *, at: datetime) -> int:
    current_unit()
    return int(Session.update(ended_at=at).where(which & Session.ended_at.is_null()).execute())


def _note_begun() -> uuid.UUID:
    """The id of a session that begins in the open unit."""
    begun = new_id()
    _begun.set((current_unit(), _begun_here() | {begun}))
    return begun


def _begun_here() -> frozenset[uuid.UUID]:
    work, ids = _begun.get()
    return ids if work is current_unit() else frozenset()


def _tell(account: uuid.UUID, *, at: datetime) -> None:
    if _tell_ended is not None:
        _tell_ended(account, at)


def _live(row: Session, *, visit_only: bool = False) -> LiveSession:
    return LiveSession(
        id=row.id,
        account=row.account,
        role=row.role,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        ends_at=row.ends_at,
        address=row.address,
        device=row.device,
        password_at=row.password_at,
        confirmed_at=row.confirmed_at,
        visit_only=visit_only,
        acting_for=row.acting_for,
    )
