"""Between password and second factor: a token that opens the page that asks for it, and nothing else."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ids import new_token, token_hash
from webapp.account.mfa.models import PendingSignIn
from webapp.db.unit import current_unit, housekeeping

LIFE = timedelta(minutes=10)
TRIES = 5  # then the password is asked again (ACCESS M1)


@dataclass(frozen=True)
class Pending:
    """The password was right. *token* is for the browser's cookie."""

    token: str


@dataclass(frozen=True)
class Owed:
    """A sign-in that owes its second factor."""

    id: uuid.UUID
    account: uuid.UUID
    email: str


def begin(account: uuid.UUID, *, at: datetime) -> Pending:
    """Remember that the password of *account* was right. Inside the caller's unit."""
    current_unit()
    token = new_token()
    PendingSignIn.create(token_hash=token_hash(token), account=account, tries_left=TRIES, expires_at=at + LIFE)
    return Pending(token)


def find(token: str | None, *, at: datetime) -> Owed | None:
    """The sign-in of a cookie's token if it is still good."""
    if not token:
        return None
    row = PendingSignIn.get_or_none(PendingSignIn.token_hash == token_hash(token))
    if row is None or row.used_at is not None or row.tries_left <= 0 or at >= row.expires_at:
        return None
    return Owed(id=row.id, account=row.account.id, email=row.account.email)


def spend_try(owed: Owed) -> bool:
    """Count a try before it is judged; False if none was left."""
    with housekeeping("a try counts before it is judged"):
        spent = PendingSignIn.update(tries_left=PendingSignIn.tries_left - 1).where(
            (PendingSignIn.id == owed.id) & (PendingSignIn.tries_left > 0) & PendingSignIn.used_at.is_null()
        )
        return int(spent.execute()) == 1


def finish(owed: Owed, *, at: datetime) -> bool:
    """The second factor was right: true once. Inside the caller's unit."""
    current_unit()
    done = PendingSignIn.update(used_at=at).where((PendingSignIn.id == owed.id) & PendingSignIn.used_at.is_null())
    return int(done.execute()) == 1


def forget_all(account: uuid.UUID) -> None:
    """Whoever has given the password of *account* must give it again. Inside the caller's unit."""
    current_unit()
    PendingSignIn.delete().where(PendingSignIn.account == account).execute()


def forget_expired(*, at: datetime) -> int:
    """Remove sign-ins that were not finished; how many there were."""
    with housekeeping("half a sign-in is worthless after ten minutes"):
        return int(PendingSignIn.delete().where(PendingSignIn.expires_at < at).execute())
