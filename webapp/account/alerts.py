"""Mails about how somebody signs in: to the owner of an account, and to the practice's admins."""

from __future__ import annotations

import uuid
from datetime import datetime

from core.settings import Settings
from webapp.access.actor import Role
from webapp.account.models import Account, AccountRole
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate


def tell_owner(account: uuid.UUID, template: MailTemplate, settings: Settings, *, at: datetime, **values: str) -> None:
    """Write to the owner of *account*, if there is a relay. Inside a unit."""
    tell_address(str(Account.get_by_id(account).email), template, settings, at=at, **values)


def tell_admins(template: MailTemplate, settings: Settings, *, at: datetime, **values: str) -> None:
    """Write to everybody who can be the practice's admin. Inside a unit."""
    admins = (
        Account.select(Account.email)
        .join(AccountRole)
        .where((AccountRole.role == Role.ADMIN) & Account.disabled_at.is_null())
    )
    for admin in admins:
        tell_address(admin.email, template, settings, at=at, **values)


def tell_address(email: str, template: MailTemplate, settings: Settings, *, at: datetime, **values: str) -> None:
    """Write to *email*; *values* go into the template beside ``link``, which leads to one's own account."""
    # Without a relay the mail would wait for one, and be sent when it is no news any more.
    if settings.mail.host:
        post(email, template, {"link": f"{settings.origin}/account", **values}, at=at)
