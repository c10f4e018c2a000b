"""Who may do what with accounts: everybody with their own."""

from __future__ import annotations

import uuid

from core.errors import NotFound
from webapp.access import sessions
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, on
from webapp.access.table import Act, Resource


@on(Resource.OWN, Act.USE)
def own_session(actor: Actor, session_id: uuid.UUID) -> uuid.UUID:
    """A session of the actor's own that has not been ended."""
    if not sessions.is_open(session_id, actor.id):
        raise NotFound(ABSENT)
    return session_id


def other_roles(actor: Actor) -> tuple[Role, ...]:
    """The roles to which the actor may switch, in the order of a menu."""
    return tuple(role for role in (Role.PROVIDER, Role.ADMIN, Role.CLIENT) if role in actor.roles - {actor.role})


@on(Resource.OWN, Act.USE)
def has_admin_role(actor: Actor) -> None:
    """Somebody who is an admin, whether they wear that role now or not."""
    if Role.ADMIN not in actor.roles:
        raise NotFound(ABSENT)


@on(Resource.OWN, Act.USE)
def may_be_admin(actor: Actor) -> None:
    """Somebody who has the admin role and does not wear it now."""
    other_role(actor, Role.ADMIN.value)


@on(Resource.OWN, Act.USE)
def other_role(actor: Actor, role: str) -> Role:
    """A role that the actor has and does not wear now."""
    found = next((other for other in other_roles(actor) if other.value == role), None)
    if found is None:
        raise NotFound(ABSENT)
    return found
