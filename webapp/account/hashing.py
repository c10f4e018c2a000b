"""Argon2id beside the hub, in two lanes: a flood of sign-ins must stop neither pages nor people whom we know.

One hash takes about 0.2 s of a core and 64 MiB; more at once than there are cores only makes all of them slower. So
strangers have one lane of one hash at a time, and whoever is known (a browser in which they signed in before, an open
session, a link that works) has another.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from gevent import monkey  # type: ignore[import-untyped]  # gevent ships no types
from gevent.threadpool import ThreadPool  # type: ignore[import-untyped]  # the same

from core.errors import Unavailable
from core.log import EventLog
from core.settings import Passwords

log = EventLog("wellhouse.account")

SALT_BYTES = 16
HASH_BYTES = 32

T = TypeVar("T")

_hasher: argon2.PasswordHasher | None = None


class Lane:
    """One hash at a time in this process, and at most *queue_max* that wait or run; later ones are to come back."""

    def __init__(self, queue_max: int) -> None:
        self._queue_max = queue_max
        self._queued = 0
        self._slot = threading.BoundedSemaphore(1)
        self._pool: ThreadPool | None = None

    @property
    def queued(self) -> int:
        """How many wait or run now."""
        return self._queued

    def refuse_if_full(self) -> None:
        """Unavailable if a hash would not even be waited for. Before anything is written: refusing costs no disk."""
        if self._queued >= self._queue_max:
            raise Unavailable("Many people are signing in right now. Please try again in a moment.")

    def run(self, call: Callable[[], T]) -> T:
        """The answer of *call*, made in a real thread where the hub must go on."""
        self.refuse_if_full()
        self._queued += 1
        try:
            if not monkey.is_module_patched("threading"):
                with self._slot:
                    return call()
            if self._pool is None:
                self._pool = ThreadPool(1)
            done: T = self._pool.apply(call)  # argon2 leaves the interpreter to the hub
            return done
        finally:
            self._queued -= 1


STRANGERS = Lane(queue_max=6)  # above a second of work: who guesses is sent away rather than waited for
KNOWN = Lane(queue_max=40)


def lane(*, known: bool) -> Lane:
    """Where the password of somebody *known*, or of a stranger, is looked at."""
    return KNOWN if known else STRANGERS


def use_cost(cost: Passwords) -> None:
    """What a hash costs in this process (settings.passwords)."""
    global _hasher
    _hasher = argon2.PasswordHasher(
        time_cost=cost.time_cost,
        memory_cost=cost.memory_kib,
        parallelism=cost.parallelism,
        hash_len=HASH_BYTES,
        salt_len=SALT_BYTES,
        type=argon2.Type.ID,
    )


def make(password: str) -> str:
    """The hash of *password* with a fresh salt, as an encoded argon2 string. Takes long: not inside a unit of work."""
    return KNOWN.run(lambda: _need_hasher().hash(password))


def fits(encoded: str | None, password: str, *, known: bool = False) -> bool:
    """Whether *encoded* is the hash of *password*. Without one, a hash is computed all the same and does not fit.

    *known*: whoever asks is no stranger, and need not wait behind them.
    """
    wanted = encoded or _nobodys()
    return lane(known=known).run(lambda: _compare(wanted, password))


def outdated(encoded: str) -> bool:
    """Whether *encoded* was made at another cost than today's."""
    return _need_hasher().check_needs_rehash(encoded)


def _compare(encoded: str, password: str) -> bool:
    try:
        return _need_hasher().verify(encoded, password)
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError):
        log.exception("account.hash_unreadable")
        return False


def _nobodys() -> str:
    # Random digits in place of a hash: comparing with it costs the same and never succeeds.
    hasher = _need_hasher()
    salt, digest = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (SALT_BYTES, HASH_BYTES))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


def _need_hasher() -> argon2.PasswordHasher:
    if _hasher is None:
        raise RuntimeError("use_cost was not called in this process")
    return _hasher
