"""Forgetting what has reached everybody: notices, and mail with the links in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail, Notice

KEEP = timedelta(hours=24)
KEEP_MAIL = timedelta(days=7)  # for the question whether a mail went out


def old_notices(*, at: datetime) -> int:
    """Delete notices older than a day; how many there were."""
    with housekeeping("notices carry no content and nobody reads old ones"):
        return int(Notice.delete().where(Notice.at < at - KEEP).execute())


def sent_mails(*, at: datetime) -> int:
    """Delete mails that the relay took a week ago; how many there were. That they were sent stays in the record."""
    with housekeeping("a mail that was sent is of use to nobody here"):
        return int(Mail.delete().where(Mail.sent_at <= at - KEEP_MAIL).execute())
