"""Reading accounts."""

from __future__ import annotations

from webapp.access.actor import Actor, Role
from webapp.access.sessions import LiveSession
from webapp.account.models import Account, AccountRole


def actor_of(session: LiveSession, address: str) -> Actor | None:
    """Who is behind a live session; None if the account may no longer sign in or has lost the session's role."""
    account = Account.get_or_none(Account.id == session.account)
    if account is None or account.disabled_at is not None:
        return None
    roles = frozenset(row.role for row in AccountRole.select().where(AccountRole.account == account))
    if session.role not in roles:
        return None
    return Actor(
        role=session.role,
        account=account.id,
        session=session.id,
        name=account.name,
        roles=roles,
        time_zone=account.time_zone,
        locale=account.locale,
        theme=account.theme,
        address=address,
    )


def landing_role(roles: frozenset[Role]) -> Role:
    """The role in which a fresh sign-in lands: provider before admin, so that rights start small."""
    return next(role for role in (Role.PROVIDER, Role.CLIENT, Role.ADMIN) if role in roles)
