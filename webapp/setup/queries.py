"""What the pages of the first run show."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.account.models import Account, AccountRole
from webapp.clients.models import Client


@dataclass(frozen=True)
class NextSteps:
    """The three things after set-up, each whether it is done."""

    has_colleagues: bool
    has_clients: bool
    backup_targets: int


def next_steps(settings: Settings) -> NextSteps:
    staff = AccountRole.select(AccountRole.account).where(AccountRole.role.in_([Role.ADMIN, Role.PROVIDER]))
    return NextSteps(
        has_colleagues=staff.distinct().count() > 1,
        has_clients=Client.select().exists(),
        backup_targets=len(settings.backup.targets),
    )


def own_address(actor: Actor) -> str:
    """The e-mail address with which *actor* signs in."""
    return str(Account.get_by_id(actor.id).email)
