"""Argon2id, two at a time and beside the hub: a flood of sign-ins must not stop the pages of everybody else.

One hash takes about 0.2 s of a core and 64 MiB; more at once than there are cores only makes all of them slower.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from gevent import monkey  # type: ignore[import-untyped]  # gevent ships no types
from gevent.threadpool import ThreadPool  # type: ignore[import-untyped]  # the same

from core.errors import Unavailable
from core.log import EventLog
from core.settings import Passwords

log = EventLog("wellhouse.account")

SLOTS = 2
QUEUE_MAX = 40  # about five seconds of work; later ones are asked to come back
SALT_BYTES = 16
HASH_BYTES = 32

T = TypeVar("T")

_hasher: argon2.PasswordHasher | None = None
_queued = 0
_slots = threading.BoundedSemaphore(SLOTS)


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
    return _aside(lambda: _need_hasher().hash(password))


def fits(encoded: str | None, password: str) -> bool:
    """Whether *encoded* is the hash of *password*. Without one, a hash is computed all the same and does not fit."""
    wanted = encoded or _nobodys()
    return _aside(lambda: _compare(wanted, password))


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


def _aside(call: Callable[[], T]) -> T:
    global _queued
    if _queued >= QUEUE_MAX:
        raise Unavailable("Many people are signing in right now. Please try again in a moment.")
    _queued += 1
    try:
        if monkey.is_module_patched("threading"):
            done: T = _pool().apply(call)  # real threads beside the hub, which argon2 leaves free
            return done
        with _slots:
            return call()
    finally:
        _queued -= 1


@cache
def _pool() -> ThreadPool:
    return ThreadPool(SLOTS)


def _need_hasher() -> argon2.PasswordHasher:
    if _hasher is None:
        raise RuntimeError("use_cost was not called in this process")
    return _hasher
