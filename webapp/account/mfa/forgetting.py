"""Taking all second factors away from somebody who has lost them."""

from __future__ import annotations

import uuid

from webapp.account.mfa import recovery
from webapp.account.mfa.models import AuthenticatorApp, SecurityKey
from webapp.db.unit import current_unit


def forget_factors(account: uuid.UUID) -> None:
    """*account* has no second factor and no recovery codes any more. Inside a unit."""
    current_unit()
    AuthenticatorApp.delete().where(AuthenticatorApp.account == account).execute()
    SecurityKey.delete().where(SecurityKey.account == account).execute()
    recovery.forget(account)
