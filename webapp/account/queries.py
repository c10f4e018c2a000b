"""Reading accounts."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from core.settings import Portal
from webapp.access import sessions
from webapp.access.actor import Actor, Role
from webapp.access.sessions import LiveSession
from webapp.account.mfa import requirement
from webapp.account.models import Account, AccountRole


def actor_of(session: LiveSession, address: str, at: datetime) -> Actor | None:
    """Who is behind a live session; None if the account may no longer sign in or has lost the session's role."""
    account = Account.get_or_none(Account.id == session.account)
    if account is None or account.disabled_at is not None:
        return None
    roles = roles_of(account.id)
    if session.role not in roles:
        return None
    return Actor(
        role=session.role,
        account=account.id,
        session=session.id,
        name=account.name,
        roles=roles,
        time_zone=account.time_zone,
        locale=account.locale,
        theme=account.theme,
        address=address,
        at=at,
        owes_factor=requirement.owes(account.id, roles, at=at),
        owes_password=session.role is Role.ADMIN and bool(account.password_hash) and not account.password_is_long,
    )


def roles_of(account: uuid.UUID) -> frozenset[Role]:
    """The roles that *account* may take on; none if there is no such account."""
    return frozenset(row.role for row in AccountRole.select().where(AccountRole.account == account))


def landing_role(roles: frozenset[Role]) -> Role:
    """The role in which a fresh sign-in lands: provider before admin, so that rights start small."""
    return next(role for role in (Role.PROVIDER, Role.CLIENT, Role.ADMIN) if role in roles)


def has_admin() -> bool:
    """Whether anybody can be the practice's admin; until then the set-up link works."""
    return bool(AccountRole.select().where(AccountRole.role == Role.ADMIN).exists())


@dataclass(frozen=True)
class MyInfo:
    """What My Account > Info shows."""

    name: str
    email: str
    time_zone: str
    locale: str
    theme: str


def my_info(actor: Actor) -> MyInfo:
    """The actor's own account."""
    row = Account.get_by_id(actor.id)
    return MyInfo(name=row.name, email=row.email, time_zone=row.time_zone, locale=row.locale, theme=row.theme)


@dataclass(frozen=True)
class SignedIn:
    """A place where the actor is signed in. *browser* and *system* are words, or empty if unknown."""

    id: uuid.UUID
    browser: str
    system: str
    role: Role
    address: str
    since: datetime
    last_seen_at: datetime
    is_this: bool


def my_sessions(actor: Actor, limits: Portal, *, at: datetime) -> tuple[SignedIn, ...]:
    """Everywhere that the actor is signed in now, this browser first."""
    places = [
        SignedIn(
            id=live.id,
            browser=_first_word_of(_BROWSERS, live.device),
            system=_first_word_of(_SYSTEMS, live.device),
            role=live.role,
            address=live.address,
            since=live.created_at,
            last_seen_at=live.last_seen_at,
            is_this=live.id == actor.session,
        )
        for live in sessions.live_of(actor.id, limits, at=at)
    ]
    return tuple(sorted(places, key=lambda place: not place.is_this))


# The first that fits: every browser also calls itself by the names of older ones.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox|FxiOS": "Firefox",
    "Chrome|CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def _first_word_of(table: dict[str, str], agent: str) -> str:
    return next((word for pattern, word in table.items() if re.search(pattern, agent)), "")
