"""Links that open one thing, once: choosing a password, proving an address. The token stands in the link alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext

from core.errors import Conflict
from core.ids import new_token, token_hash
from core.settings import Settings
from webapp.access.actor import Role
from webapp.account.models import Account, AccountLink, LinkPurpose
from webapp.account.queries import roles_of
from webapp.db.unit import current_unit, housekeeping

TOKEN_MAX = 100  # longer ones are nobody's; they are not even hashed
KEEP = timedelta(days=90)  # who started which reset, for whoever looks into it
PAGES = {LinkPurpose.ADDRESS: "/account/address"}
CHOOSE_PAGE = "/choose-password"


@dataclass(frozen=True)
class OpenLink:
    """A link that works: what it is for, and whom."""

    id: uuid.UUID
    purpose: LinkPurpose
    account: uuid.UUID
    email: str
    name: str
    roles: frozenset[Role]
    drops_factors: bool
    new_email: str | None
    started_by: uuid.UUID | None


@dataclass(frozen=True)
class ClosedLink:
    """A link that does not work yet."""

    opens_at: datetime


def make(
    account: uuid.UUID,
    purpose: LinkPurpose,
    settings: Settings,
    *,
    life: timedelta,
    at: datetime,
    opens_at: datetime | None = None,
    drops_factors: bool = False,
    started_by: uuid.UUID | None = None,
    note: str | None = None,
    new_email: str | None = None,
) -> str:
    """The address of a new link, good for *life* from *opens_at* (or now) on. Inside the caller's unit.

    Earlier links of the account for the same purpose end.
    """
    end_all(account, [purpose], at=at)
    token, opens = new_token(), opens_at or at
    AccountLink.create(
        token_hash=token_hash(token),
        account=account,
        purpose=purpose,
        created_at=at,
        opens_at=opens,
        expires_at=opens + life,
        drops_factors=drops_factors,
        started_by=started_by,
        note=note,
        new_email=new_email,
    )
    # Behind the question mark: what a browser keeps and a log might show is at least no path.
    return f"{settings.origin}{PAGES.get(purpose, CHOOSE_PAGE)}?link={token}"


def find(token: str, purposes: Iterable[LinkPurpose], *, at: datetime) -> OpenLink | ClosedLink | None:
    """What *token* opens; None alike for unknown, used and expired ones, and for accounts that may not sign in."""
    if not token or len(token) > TOKEN_MAX:
        return None
    row = AccountLink.get_or_none(AccountLink.token_hash == token_hash(token))
    if row is None or row.purpose not in set(purposes) or row.used_at is not None or at >= row.expires_at:
        return None
    account = Account.get_by_id(row.account_id)
    if account.disabled_at is not None:
        return None
    if at < row.opens_at:
        return ClosedLink(row.opens_at)
    return OpenLink(
        id=row.id,
        purpose=row.purpose,
        account=account.id,
        email=account.email,
        name=account.name,
        roles=roles_of(account.id),
        drops_factors=row.drops_factors,
        new_email=row.new_email,
        started_by=row.started_by,
    )


def claim(link: OpenLink, *, at: datetime) -> None:
    """Use the link up; Conflict if somebody was faster. Inside the caller's unit."""
    current_unit()
    used = AccountLink.update(used_at=at).where((AccountLink.id == link.id) & AccountLink.used_at.is_null()).execute()
    if not used:
        raise Conflict(gettext("This link was used a moment ago. Sign in, or ask for a new one."))


def end_all(account: uuid.UUID, purposes: Iterable[LinkPurpose], *, at: datetime) -> int:
    """Links of *account* for these purposes work no more; how many there were. Inside the caller's unit."""
    current_unit()
    ending = AccountLink.update(used_at=at).where(
        (AccountLink.account == account) & AccountLink.purpose.in_(list(purposes)) & AccountLink.used_at.is_null()
    )
    return int(ending.execute())


def forget_old(*, at: datetime) -> int:
    """Delete links that ended a quarter of a year ago; how many there were."""
    with housekeeping("what a link opened is in the record"):
        return int(AccountLink.delete().where(AccountLink.expires_at < at - KEEP).execute())
