"""Telling clinic IT that the box needs them: a mail through the outbox, and a line in the log in any case."""

from __future__ import annotations

import smtplib
from datetime import datetime

import peewee

from core.errors import WellhouseError
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


def alert(settings: Settings, sentence: str, at: datetime) -> bool:
    """Send *sentence* to mail.alerts_to; whether it is on its way. It is about the box and never about a person.

    Without a database, which may be the very thing to tell of, it goes straight to the relay.
    """
    log.error("box.alert", sentence=sentence)
    if not settings.mail.alerts_to:
        return True
    values = {"sentence": sentence, "host": settings.site.hostname}
    try:
        prepare(settings)
        with db.connection_context(), unit(Event(Action.BOX_ALERT, SYSTEM)):
            mailer.post(settings.mail.alerts_to, MailTemplate.BOX_ALERT, values, at=at)
    except (WellhouseError, peewee.PeeweeException) as e:
        log.warning("box.alert_not_in_outbox", why=type(e).__name__)
    else:
        return True
    try:
        mailer.send_now(settings, settings.mail.alerts_to, MailTemplate.BOX_ALERT, values, at=at)
    except (OSError, smtplib.SMTPException, WellhouseError) as e:
        log.warning("box.alert_not_sent", why=type(e).__name__)
        return False
    return True
