"""What is due: arithmetic on what the keeper remembers. No clock, no disk."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from core.clock import has_passed

BACKUP_EVERY = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=10)
PROBE_EVERY = timedelta(seconds=90)
# A target that fails once is asked again at each look until it has failed for this long. With PROBE_EVERY, and twice
# the time that restic is given to answer (45 s), this stays within the five minutes in which a dead one must be told.
PATIENCE = timedelta(seconds=50)
AT_ONCE = timedelta(0)
DRILL_HOUR_UTC = 3


class Target(msgspec.Struct, frozen=True):
    """What the keeper knows of one target. *drilled_at* is the last try, *proved_at* the last that went well."""

    tried_at: datetime | None = None
    probed_at: datetime | None = None
    drilled_at: datetime | None = None
    proved_at: datetime | None = None


def backup_is_due(target: Target, saved_at: datetime | None, *, at: datetime) -> bool:
    """An hour after the last set, or ten minutes after a try that failed."""
    return has_passed(BACKUP_EVERY, saved_at, at=at) and has_passed(RETRY_AFTER, target.tried_at, at=at)


def probe_is_due(target: Target, *, failing: bool, at: datetime) -> bool:
    """Whether to ask the target if it is still there."""
    return failing or has_passed(PROBE_EVERY, target.probed_at, at=at)


def drill_is_due(target: Target, saved_at: datetime | None, *, at: datetime) -> bool:
    """Once a night, of a target that has a set."""
    if saved_at is None or at.hour < DRILL_HOUR_UTC:
        return False
    return target.drilled_at is None or target.drilled_at.date() != at.date()  # a later day: the clock was wrong
