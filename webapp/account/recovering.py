"""The last way in: a link made at the console, for somebody whom nobody else can let in again."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext

from core.errors import Refused
from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.account import links
from webapp.account.actions import tidy_email
from webapp.account.alerts import tell_admins
from webapp.account.models import Account, LinkPurpose
from webapp.audit.events import Action, Event
from webapp.db.unit import unit
from webapp.outbox.models import MailTemplate

LIFE = timedelta(hours=1)


def recover(email: str, settings: Settings, *, at: datetime) -> str:
    """A link with which the owner of *email* chooses a password; it takes their second factors away. All admins hear.

    For the console: the process has called webapp.app.prepare(settings) before. Refused if nobody can sign in with
    this address.
    """
    account = Account.get_or_none(Account.email == tidy_email(email))
    if account is None:
        raise Refused(gettext("Nobody signs in with this address. Look at how it is written."))
    if account.disabled_at is not None:
        raise Refused(gettext("This account is disabled. An admin can enable it under Colleagues."))
    with unit(Event(Action.RECOVERY_STARTED, SYSTEM, about={"account": account.id})):
        link = links.make(account.id, LinkPurpose.RECOVERY, settings, life=LIFE, at=at, drops_factors=True)
        tell_admins(MailTemplate.RECOVERED_AT_CONSOLE, settings, at=at)
    return link
