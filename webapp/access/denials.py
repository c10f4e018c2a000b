"""What was refused, for the record: one row each, and one for all that is asked again and again."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from core.log import EventLog
from webapp.access.actor import Actor
from webapp.audit.events import Action, Event, Outcome
from webapp.audit.models import AuditEvent
from webapp.db.unit import unit

log = EventLog("wellhouse.access")

# A script that asks the same in a loop says nothing new, and shall not make the box write and sync each time.
REPEATS_FOR = timedelta(minutes=1)


def record(actor: Actor, endpoint: str, ids: dict[str, uuid.UUID], *, at: datetime) -> None:
    """Note that *actor* was refused *endpoint* for these *ids*."""
    about = {"endpoint": endpoint, **{name: str(value) for name, value in ids.items()}}
    if not actor.is_authenticated:
        # A stranger's refusals go to the log only, or anybody could fill the record.
        log.info("access.denied", endpoint=endpoint)
        return
    if not _is_repeated(actor, about, at=at):
        with unit(Event(Action.ACCESS_DENIED, actor, about=about, outcome=Outcome.REFUSED)):
            pass


def _is_repeated(actor: Actor, about: dict[str, str], *, at: datetime) -> bool:
    lately = (AuditEvent.at > at - REPEATS_FOR) & (AuditEvent.action == Action.ACCESS_DENIED)
    same = (AuditEvent.account == actor.account) & (AuditEvent.session == actor.session) & (AuditEvent.about == about)
    return bool(AuditEvent.select().where(lately & same).exists())
