"""The rules a route may name besides a feature's own policy, and the one opening without signing in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import NotFound
from webapp.access.actor import Actor, Role

ABSENT = "We could not find that page. It may have moved, or it may not be yours to see."

Rule = Callable[..., Any]
"""``rule(actor, **view_args)`` returns what the route works on, or raises NotFound: absent and not yours look alike."""


@dataclass(frozen=True)
class Public:
    """Open to everybody, for *reason*; *load* turns the URL's parts into what the view gets."""

    reason: str
    load: Rule | None = None

    def __call__(self, actor: Actor, **view_args: Any) -> Any:
        return self.load(actor, **view_args) if self.load else None


def public(reason: str, *, load: Rule | None = None) -> Public:
    """The only way to open a route to people who have not signed in."""
    if not reason:
        raise TypeError("say why this route is open")
    return Public(reason, load)


def signed_in(actor: Actor) -> None:
    """Anybody who has signed in; the guard has seen to that already."""


def as_role(*roles: Role) -> Rule:
    """Signed in, with one of *roles* as the active one."""

    def rule(actor: Actor) -> None:
        if actor.role not in roles:
            raise NotFound(ABSENT)

    return rule


provider = as_role(Role.PROVIDER)
admin = as_role(Role.ADMIN)
client = as_role(Role.CLIENT)
staff = as_role(Role.PROVIDER, Role.ADMIN)
