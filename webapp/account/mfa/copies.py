"""What happens when a key's counter shows that there are two of it."""

from __future__ import annotations

from datetime import datetime

from core.settings import Settings
from webapp.access.actor import Actor
from webapp.account.alerts import tell_admins, tell_owner
from webapp.account.mfa.security_keys import ClonedKey
from webapp.audit.events import Action, Event, Outcome
from webapp.db.unit import unit
from webapp.outbox.models import MailTemplate


def record(refused: ClonedKey, actor: Actor, settings: Settings, *, at: datetime) -> None:
    """Keep that the key was refused, and tell its owner and the admins."""
    about = {"key": refused.key, "account": refused.account}
    with unit(Event(Action.KEY_REFUSED_AS_COPY, actor, about=about, outcome=Outcome.REFUSED)):
        tell_owner(refused.account, MailTemplate.KEY_REFUSED, settings, at=at)
        tell_admins(MailTemplate.KEY_REFUSED, settings, at=at)
