"""Who is asking: one person in one active role. Two roles never add up."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass, field
from datetime import datetime


class Role(enum.StrEnum):
    ANONYMOUS = "anonymous"
    CLIENT = "client"
    PROVIDER = "provider"
    ADMIN = "admin"
    SYSTEM = "system"  # the box itself: worker, installer, console


@dataclass(frozen=True)
class Actor:
    """*role* is the active one of *roles*; *session* the signed-in session; *address* where the request came from.

    *at* is when they ask: rights that end are judged by it, and without it they do not count. *acting_for* is the
    client for whom somebody who acts for several has chosen to see their lists.
    """

    role: Role
    account: uuid.UUID | None = None
    session: uuid.UUID | None = None
    name: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    time_zone: str = "UTC"
    locale: str = "en"
    theme: str = ""  # "light", "dark", or "" to follow the device
    address: str = ""
    at: datetime | None = None
    acting_for: uuid.UUID | None = None
    owes_factor: bool = False  # the practice requires a second factor by now, and they have none
    owes_password: bool = False  # theirs is too short for the role that they wear

    # What flask-login asks of the current user.
    @property
    def is_authenticated(self) -> bool:
        return self.account is not None

    @property
    def is_active(self) -> bool:
        return self.is_authenticated

    @property
    def is_anonymous(self) -> bool:
        return not self.is_authenticated

    def get_id(self) -> str:
        return str(self.account or "")

    @property
    def id(self) -> uuid.UUID:
        """The account's id, where a rule has already made sure that somebody is signed in."""
        if self.account is None:
            raise RuntimeError("nobody is signed in here; the route's rule should have refused")
        return self.account


def anonymous(address: str = "") -> Actor:
    """Somebody who has not signed in."""
    return Actor(role=Role.ANONYMOUS, address=address)


SYSTEM = Actor(role=Role.SYSTEM)
