"""Telling clinic IT that the box needs them: a mail through the outbox, and a line in the log in any case."""

from __future__ import annotations

from datetime import datetime

from core.log import EventLog
from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.app import prepare
from webapp.audit.events import Action, Event
from webapp.db.database import db
from webapp.db.unit import unit
from webapp.outbox import mailer
from webapp.outbox.models import MailTemplate

log = EventLog("wellhouse.alerts")


def alert(settings: Settings, sentence: str, at: datetime) -> None:
    """Send *sentence* to mail.alerts_to. It is about the box and never about a person."""
    log.error("box.alert", sentence=sentence)
    if not settings.mail.alerts_to:
        return
    prepare(settings)
    values = {"sentence": sentence, "host": settings.site.hostname}
    with db.connection_context(), unit(Event(Action.BOX_ALERT, SYSTEM)):
        mailer.post(settings.mail.alerts_to, MailTemplate.BOX_ALERT, values, at=at)
