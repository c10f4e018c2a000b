"""Telling open pages that something has news: written in the unit, streamed after it (SSE)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from webapp.db.unit import current_unit
from webapp.outbox.models import Notice, NoticeKind


def notify(accounts: Iterable[uuid.UUID], kind: NoticeKind, thing: uuid.UUID, *, at: datetime) -> None:
    """Once the open unit commits, tell the pages of *accounts* that *thing* has news of *kind*."""
    for account in set(accounts):
        # last in the transaction, so that no later number can become visible before an earlier one
        current_unit().before_commit(
            lambda account=account: Notice.insert(at=at, account=account, kind=kind, thing=thing).execute()  # type: ignore[misc]
        )
