"""The list of colleagues, and what an admin may do about each."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee

from webapp.access.actor import Actor, Role
from webapp.account.colleagues.policy import ROLES
from webapp.account.mfa import recovery, requirement
from webapp.account.mfa.models import AuthenticatorApp, SecurityKey
from webapp.account.mfa.requirement import Requirement
from webapp.account.models import Account, AccountLink, AccountRole, LinkPurpose
from webapp.account.queries import roles_of
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.ui.frame import Face

ADMIN_WAITS = timedelta(hours=24)  # what opens an admin's account can be stopped by any other until then


class Standing(enum.StrEnum):
    ACTIVE = "active"
    INVITED = "invited"
    INVITATION_ENDED = "invitation ended"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Colleague:
    """A line of the list. *owes_from*: they lack the second factor that is required from then on."""

    id: uuid.UUID
    name: str
    email: str
    roles: tuple[Role, ...]
    standing: Standing
    apps: int
    keys: int
    signed_in_at: datetime | None
    owes_from: datetime | None
    is_me: bool

    @property
    def face(self) -> Face:
        return Face(self.id, self.name)

    @property
    def has_factor(self) -> bool:
        return self.apps + self.keys > 0


@dataclass(frozen=True)
class Reset:
    """A reset that somebody has started and that its owner has not used yet."""

    opens_at: datetime
    expires_at: datetime
    drops_factors: bool
    is_open: bool


@dataclass(frozen=True)
class OneColleague:
    """A colleague's own page."""

    colleague: Colleague
    codes_left: int
    reset: Reset | None


def everybody(actor: Actor, *, at: datetime) -> tuple[Colleague, ...]:
    """All colleagues: those who can sign in by name, then those who cannot."""
    rows = list(Account.select().join(AccountRole).where(AccountRole.role.in_(ROLES)).distinct())
    found = _lines(actor, rows, at=at)
    return tuple(sorted(found, key=lambda one: (one.standing is Standing.DISABLED, one.name.casefold())))


def one(actor: Actor, account: Account, *, at: datetime) -> OneColleague:
    """A colleague as policy has loaded them."""
    (line,) = _lines(actor, [account], at=at)
    link = AccountLink.get_or_none(
        (AccountLink.account == account.id)
        & (AccountLink.purpose == LinkPurpose.RESET)
        & AccountLink.used_at.is_null()
        & (AccountLink.expires_at > at)
    )
    reset = Reset(link.opens_at, link.expires_at, link.drops_factors, link.opens_at <= at) if link else None
    return OneColleague(line, recovery.left(account.id), reset)


def waits_for_a_day(account: Account, *, at: datetime) -> bool:
    """Whether a reset of *account* opens a day after it was started, as for every admin, and who was one until lately.

    Otherwise an admin who takes another's role away first would be that other within a minute.
    """
    if Role.ADMIN in roles_of(account.id):
        return True
    given = AuditEvent.select().where(
        (AuditEvent.action == Action.COLLEAGUE_ROLES_GIVEN) & (AuditEvent.at > at - ADMIN_WAITS)
    )
    return any(
        row.about.get("account") == str(account.id) and Role.ADMIN in row.about.get("lost", "").split() for row in given
    )


@dataclass(frozen=True)
class Coverage:
    """How far a requirement has come: of *clients* only the numbers."""

    required: Requirement
    begun: bool
    lacking: tuple[Colleague, ...]
    clients: int
    clients_with: int


def coverage(actor: Actor, *, at: datetime) -> Coverage:
    """Who has a second factor and who not yet."""
    staff = [one for one in everybody(actor, at=at) if one.standing is not Standing.DISABLED]
    can_sign_in = (
        Account.select()
        .join(AccountRole)
        .where((AccountRole.role == Role.CLIENT) & Account.disabled_at.is_null() & Account.password_hash.is_null(False))
    )
    apps = AuthenticatorApp.select(AuthenticatorApp.account).where(AuthenticatorApp.confirmed_at.is_null(False))
    keys = SecurityKey.select(SecurityKey.account)
    with_factor = can_sign_in.where(Account.id.in_(apps) | Account.id.in_(keys))
    required = requirement.current()
    return Coverage(
        required=required,
        begun=required.has_begun(at),
        lacking=tuple(one for one in staff if not one.has_factor),
        clients=can_sign_in.count(),
        clients_with=with_factor.count(),
    )


def _lines(actor: Actor, accounts: list[Account], *, at: datetime) -> list[Colleague]:
    ids = [account.id for account in accounts]
    roles: dict[uuid.UUID, set[Role]] = {one: set() for one in ids}
    for row in AccountRole.select().where(AccountRole.account.in_(ids)):
        roles[row.account_id].add(row.role)
    apps = _count(AuthenticatorApp, ids, AuthenticatorApp.confirmed_at.is_null(False))
    keys = _count(SecurityKey, ids)
    invitations = _count(
        AccountLink,
        ids,
        (AccountLink.purpose == LinkPurpose.INVITATION) & AccountLink.used_at.is_null() & (AccountLink.expires_at > at),
    )
    required = requirement.current()
    return [
        Colleague(
            id=account.id,
            name=account.name,
            email=account.email,
            roles=tuple(role for role in ROLES if role in roles[account.id]),
            standing=_standing(account, invited=bool(invitations.get(account.id))),
            apps=apps.get(account.id, 0),
            keys=keys.get(account.id, 0),
            signed_in_at=account.signed_in_at,
            owes_from=_owes_from(required, roles[account.id], apps.get(account.id, 0) + keys.get(account.id, 0)),
            is_me=account.id == actor.id,
        )
        for account in accounts
    ]


def _count(
    model: type[AuthenticatorApp] | type[SecurityKey] | type[AccountLink],
    ids: list[uuid.UUID],
    which: peewee.Expression | None = None,
) -> dict[uuid.UUID, int]:
    whose = model.account.in_(ids)
    counted: Any = model.select(model.account, peewee.fn.COUNT(model.id)).where(
        whose if which is None else whose & which
    )
    return dict(counted.group_by(model.account).tuples())


def _standing(account: Account, *, invited: bool) -> Standing:
    if account.disabled_at is not None:
        return Standing.DISABLED
    if account.password_hash is not None:
        return Standing.ACTIVE
    return Standing.INVITED if invited else Standing.INVITATION_ENDED


def _owes_from(required: Requirement, roles: set[Role], factors: int) -> datetime | None:
    return required.from_at if required.covers(roles) and not factors else None
