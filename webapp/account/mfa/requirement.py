"""Who must have a second factor, and from when on. Whoever sets it does so among the colleagues."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from webapp.access.actor import Role
from webapp.account.mfa.models import MfaRequirement, Whom
from webapp.account.mfa.queries import factors_of

THE_ONE = 1
STAFF = frozenset({Role.PROVIDER, Role.ADMIN})


@dataclass(frozen=True)
class Requirement:
    """*whom* the practice requires to have a second factor; *from_at* is None while that is nobody."""

    whom: Whom = Whom.NOBODY
    from_at: datetime | None = None

    def covers(self, roles: Collection[Role]) -> bool:
        """Whether somebody with *roles* must have one, now or once it begins."""
        return self.whom is Whom.EVERYONE or (self.whom is Whom.STAFF and bool(STAFF.intersection(roles)))

    def has_begun(self, at: datetime) -> bool:
        return self.from_at is not None and at >= self.from_at


def current() -> Requirement:
    """What the practice requires."""
    row = MfaRequirement.get_or_none(MfaRequirement.id == THE_ONE)
    if row is None or row.whom is Whom.NOBODY:
        return Requirement()
    return Requirement(row.whom, row.from_at)


def owes(account: uuid.UUID, roles: Collection[Role], *, at: datetime) -> bool:
    """Whether *account* may do nothing but add a second factor."""
    required = current()
    return required.covers(roles) and required.has_begun(at) and not factors_of(account).any


def is_coming(account: uuid.UUID, roles: Collection[Role]) -> datetime | None:
    """From when on *account* must have the second factor that it lacks; None if it need not, or has one."""
    required = current()
    return required.from_at if required.covers(roles) and not factors_of(account).any else None
