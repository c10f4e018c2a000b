"""Admins look after colleagues: everybody who is a provider or an admin, and nobody else."""

from __future__ import annotations

import uuid

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, by_role, on
from webapp.access.table import Act, Resource
from webapp.account.models import Account, AccountRole

ROLES = (Role.PROVIDER, Role.ADMIN)
Colleague = Account

see_all = by_role(Resource.COLLEAGUES, Act.READ)
invite = by_role(Resource.COLLEAGUES, Act.INVITE)
reset_clients = by_role(Resource.COLLEAGUES, Act.UPDATE)
require_mfa = by_role(Resource.COLLEAGUES, Act.UPDATE)


def _load(_actor: Actor, account_id: uuid.UUID) -> Account:
    is_colleague = AccountRole.select().where((AccountRole.account == account_id) & AccountRole.role.in_(ROLES))
    if not is_colleague.exists():
        raise NotFound(ABSENT)
    account: Account = Account.get_by_id(account_id)
    return account


see = on(Resource.COLLEAGUES, Act.READ)(_load)
change = on(Resource.COLLEAGUES, Act.UPDATE)(_load)
