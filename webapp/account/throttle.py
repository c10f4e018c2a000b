"""Slowing down guesses: counted in the database, so that all workers see the same.

An account has five free tries in a day; then each further one must wait, from half a minute, twice as long each time,
up to sixteen minutes: fewer than a hundred guesses in a day. An address has twenty tries in a quarter of an hour, the
whole box three hundred. A browser in which the account has signed in before is counted for itself alone, so nobody can
lock somebody out by guessing.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee

from core.errors import WellhouseError
from webapp.account.models import SignInTry
from webapp.db.database import db
from webapp.db.unit import current_unit, housekeeping

FREE = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=16)
DAY = timedelta(hours=24)
WINDOW = timedelta(minutes=15)
ADDRESS_MAX = 20
BOX_MAX = 300
_POSTGRES_LOCK = 0x7369676E  # any fixed number but the audit chain's: one entrance at a time

_key: bytes | None = None


class TooManyTries(WellhouseError):
    """Not now; *retry_after_s* is when the next try is let through."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Too many tries.")
        self.retry_after_s = max(1, math.ceil(wait.total_seconds()))


@dataclass(frozen=True)
class Keys:
    """Whose tries these are, as keyed hashes: the table holds neither addresses nor e-mail addresses."""

    account: str
    address: str
    device: str  # empty: a browser in which this account has not signed in before


@dataclass(frozen=True)
class Ticket:
    """A try that was let through and counts as failed until forgiven. *slows*: the next one will have to wait."""

    id: uuid.UUID
    keys: Keys
    slows: bool


def use_key(key: bytes) -> None:
    """The key of this process's hashes (Keyring.hash_key)."""
    global _key
    _key = key


def keys_of(email: str, address: str, device_token: str | None) -> Keys:
    """*email* as it is looked up; *device_token* only if it is known for that account."""
    return Keys(
        account=_hash("account", email),
        address=_hash("address", _network(address)),
        device=_hash("device", device_token) if device_token else "",
    )


def enter(keys: Keys, *, at: datetime) -> Ticket:
    """Count a try before its password is looked at; TooManyTries if it must wait."""
    _refuse_early(keys, at)  # without a lock: what is refused anyway shall cost nothing
    with housekeeping("a try counts before it is judged, so that many at the same time cannot slip by"):
        if isinstance(db.obj, peewee.PostgresqlDatabase):
            db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_POSTGRES_LOCK,))
        before = _refuse_early(keys, at)
        row = SignInTry.create(at=at, account_key=keys.account, address_key=keys.address, device_key=keys.device)
    return Ticket(id=row.id, keys=keys, slows=before + 1 == FREE)


def forgive(ticket: Ticket) -> None:
    """The password was right: what was tried before from the same place was the same person. In the caller's unit."""
    current_unit()
    keys = ticket.keys
    SignInTry.delete().where(
        (SignInTry.account_key == keys.account)
        & (SignInTry.address_key == keys.address)
        & (SignInTry.device_key == keys.device)
    ).execute()


def forget_old(*, at: datetime) -> int:
    """Delete tries that no longer count; how many there were."""
    with housekeeping("tries older than a day slow nobody down"):
        return int(SignInTry.delete().where(SignInTry.at <= at - DAY).execute())


def _refuse_early(keys: Keys, at: datetime) -> int:
    """How many tries of this account count; TooManyTries if another may not follow them at *at*."""
    of_account = [
        row.at
        for row in SignInTry.select(SignInTry.at)
        .where(
            (SignInTry.account_key == keys.account) & (SignInTry.device_key == keys.device) & (SignInTry.at > at - DAY)
        )
        .order_by(SignInTry.at.desc())
    ]
    wait = _growing_wait(of_account, at)
    if not keys.device:
        from_address = SignInTry.address_key == keys.address
        wait = max(wait, _window_wait(from_address, ADDRESS_MAX, at), _window_wait(None, BOX_MAX, at))
    if wait > timedelta():
        raise TooManyTries(wait)
    return len(of_account)


def _growing_wait(newest_first: list[datetime], at: datetime) -> timedelta:
    beyond = len(newest_first) - FREE
    if beyond < 0:
        return timedelta()
    pause = min(FIRST_WAIT * 2 ** min(beyond, 10), LONGEST_WAIT)
    return newest_first[0] + pause - at


def _window_wait(whose: peewee.Expression | None, most: int, at: datetime) -> timedelta:
    """Until the oldest of the last *most* strangers' tries leaves the window; nothing while there are fewer."""
    tries = SignInTry.select(SignInTry.at).where((SignInTry.device_key == "") & (SignInTry.at > at - WINDOW))
    if whose is not None:
        tries = tries.where(whose)
    oldest = tries.order_by(SignInTry.at.desc()).offset(most - 1).limit(1).first()
    return oldest.at + WINDOW - at if oldest else timedelta()


def _network(address: str) -> str:
    """What one attacker surely has: an IPv4 address, or the /64 around an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _hash(kind: str, value: str) -> str:
    if _key is None:
        raise RuntimeError("use_key was not called in this process")
    return hmac.new(_key, f"{kind} {value}".encode(), hashlib.sha256).hexdigest()
