"""What is due, and what is worth an alert: arithmetic on what the keeper remembers. No clock, no disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BACKUP_EVERY = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=10)
PROBE_EVERY = timedelta(minutes=2)  # twice within the five minutes in which a dead target must be told
DRILL_HOUR_UTC = 3
REMIND_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Target:
    """What the keeper knows of one target. Times are aware; *fault* is the last sentence, empty while all is well."""

    saved_at: datetime | None = None
    tried_at: datetime | None = None
    probed_at: datetime | None = None
    drilled_at: datetime | None = None
    fault: str = ""
    alerted_at: datetime | None = None


def backup_is_due(target: Target, *, at: datetime) -> bool:
    """An hour after the last set, or ten minutes after a try that failed."""
    if target.saved_at is not None and at - target.saved_at < BACKUP_EVERY:
        return False
    return target.tried_at is None or at - target.tried_at >= RETRY_AFTER


def probe_is_due(target: Target, *, at: datetime) -> bool:
    """Whether to ask the target if it is still there."""
    return target.probed_at is None or at - target.probed_at >= PROBE_EVERY


def drill_is_due(target: Target, *, at: datetime) -> bool:
    """Once a night, of a target that has a set."""
    if target.saved_at is None or at.hour < DRILL_HOUR_UTC:
        return False
    return target.drilled_at is None or target.drilled_at.date() < at.date()


def after_answer(target: Target, fault: str) -> Target:
    """What is known once the target has answered, or has not."""
    if fault:
        return replace(target, fault=fault)
    return replace(target, fault="", alerted_at=None)


def alert_is_due(target: Target, *, at: datetime) -> bool:
    """At the first fault, and again each day that it lasts."""
    if not target.fault:
        return False
    return target.alerted_at is None or at - target.alerted_at >= REMIND_AFTER
