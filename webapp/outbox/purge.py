"""Forgetting notices that every open page has long seen."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.db.unit import housekeeping
from webapp.outbox.models import Notice

KEEP = timedelta(hours=24)


def old_notices(*, at: datetime) -> int:
    """Delete notices older than a day; how many there were."""
    with housekeeping("notices carry no content and nobody reads old ones"):
        return int(Notice.delete().where(Notice.at < at - KEEP).execute())
