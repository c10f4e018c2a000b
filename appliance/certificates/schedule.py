"""When a certificate is asked for, and when clinic IT hears of one that ends: arithmetic. No clock, no disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import has_passed

ALERT_DAYS = (21, 7, 1)
# Let's Encrypt refuses a name after five failures in an hour; an authority that is down is back within a day.
RETRY_MINUTES = (10, 30, 60, 180, 360, 720)
COMPLETE_EVERY = timedelta(hours=24)  # to ask again for names that the authority could not reach
TELL_AFTER_FAILURES = 3  # that a new box still has no certificate: forty minutes, so not during the installation


@dataclass(frozen=True)
class Life:
    """The certificate on disk. *real* is False for the one that stands in until the first comes."""

    starts_at: datetime
    ends_at: datetime
    serial: int
    real: bool

    def left(self, at: datetime) -> timedelta:
        return self.ends_at - at

    @property
    def renewed_before_end(self) -> timedelta:
        """A third of its life, as Let's Encrypt advises: 30 days of 90, 2 of 6."""
        return (self.ends_at - self.starts_at) / 3


@dataclass(frozen=True)
class Memory:
    """What the keeper remembers. Times are aware; *alerted* are the days of ALERT_DAYS told of certificate *serial*."""

    tried_at: datetime | None = None
    failures: int = 0
    fault: str = ""
    left_out: tuple[tuple[str, str], ...] = ()  # names that the authority could not reach, and why
    serial: int = 0
    alerted: tuple[int, ...] = ()
    told_of_none: bool = False


def asking_is_due(memory: Memory, life: Life, *, at: datetime, incomplete: bool) -> bool:
    """Whether to ask the authority. *incomplete*: the certificate lacks a name that it should have."""
    wanted = not life.real or incomplete or life.left(at) < life.renewed_before_end
    if not wanted or memory.tried_at is None:
        return wanted
    if memory.failures:
        wait = timedelta(minutes=RETRY_MINUTES[min(memory.failures, len(RETRY_MINUTES)) - 1])
    elif memory.left_out:
        wait = COMPLETE_EVERY
    else:
        wait = timedelta(minutes=RETRY_MINUTES[0])  # names were added since
    return has_passed(wait, memory.tried_at, at=at)


def after_success(memory: Memory, left_out: dict[str, str], *, at: datetime) -> Memory:
    return replace(
        memory, tried_at=at, failures=0, fault="", left_out=tuple(sorted(left_out.items())), told_of_none=False
    )


def after_failure(memory: Memory, fault: str, *, at: datetime) -> Memory:
    return replace(memory, tried_at=at, failures=memory.failures + 1, fault=fault)


def due_alert(memory: Memory, life: Life, *, at: datetime, renews_itself: bool) -> int | None:
    """How many days before the end to tell of, once each; the nearest if several have passed. 0: it has ended.

    A certificate that the box renews itself is told of only below the time when that should have happened.
    """
    if not life.real:
        return None
    told = memory.alerted if memory.serial == life.serial else ()
    passed = [days for days in (*ALERT_DAYS, 0) if life.left(at) < timedelta(days=days)]
    if renews_itself:
        passed = [days for days in passed if timedelta(days=days) < life.renewed_before_end]
    return min(passed) if passed and min(passed) not in told else None


def after_alert(memory: Memory, life: Life, days: int) -> Memory:
    """Days above *days* count as told, too: the box may have been off when they passed."""
    told = memory.alerted if memory.serial == life.serial else ()
    return replace(memory, serial=life.serial, alerted=tuple({*told, *(d for d in (*ALERT_DAYS, 0) if d >= days)}))


def none_must_be_told(memory: Memory, life: Life) -> bool:
    """Whether to say that the box still has no certificate that browsers believe."""
    return not life.real and memory.failures >= TELL_AFTER_FAILURES and not memory.told_of_none


def after_telling_of_none(memory: Memory) -> Memory:
    return replace(memory, told_of_none=True)
