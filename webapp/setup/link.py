"""The one-time link of the installer: whoever holds it makes the first admin. There is no default account."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from flask_babel import gettext

from core.errors import NotFound, Refused
from core.ids import new_token, token_hash
from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.access.rules import ABSENT
from webapp.account.queries import has_admin
from webapp.audit.events import Action, Event
from webapp.db.unit import current_unit, unit
from webapp.setup.models import SetupLink

KEEP = timedelta(hours=24)


def make(settings: Settings, *, at: datetime) -> str:
    """A new link, good for a day; earlier ones stop working. Refused once the practice has an admin.

    For the console: the process has called webapp.app.prepare(settings) before.
    """
    token = new_token()
    with unit(Event(Action.SETUP_LINK_MADE, SYSTEM)):
        if has_admin():
            raise Refused(
                gettext("The practice is set up already: it has an admin, who can sign in and invite others.")
            )
        SetupLink.update(used_at=at).where(SetupLink.used_at.is_null()).execute()
        SetupLink.create(token_hash=token_hash(token), created_at=at, expires_at=at + KEEP)
    # Behind the question mark: nginx keeps no query strings.
    return f"{settings.origin}/setup?link={token}"


def find(token: str, *, at: datetime) -> uuid.UUID:
    """The link of *token*; NotFound if it is unknown, old or used, or if there is an admin already."""
    row = SetupLink.get_or_none((SetupLink.token_hash == token_hash(token)) & SetupLink.used_at.is_null())
    if row is None or at >= row.expires_at or has_admin():
        raise NotFound(ABSENT)
    return uuid.UUID(str(row.id))


def use(link: uuid.UUID, *, at: datetime) -> None:
    """Spend the link, inside the caller's unit; NotFound if somebody was faster."""
    current_unit()
    spent = SetupLink.update(used_at=at).where((SetupLink.id == link) & SetupLink.used_at.is_null()).execute()
    if not spent or has_admin():
        raise NotFound(ABSENT)
