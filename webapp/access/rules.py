"""The rules a route may name. Each carries its cell of the table; Public is the one opening without signing in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.table import Act, Principal, Resource, may, row_of

ABSENT = "We could not find that page. It may have moved, or it may not be yours to see."

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class On(Generic[P, R]):
    """A rule about *act* on *resource*. *judge* finds out who the actor is to the thing, and asks the table.

    ``rule(actor, **view_args)`` returns what the route works on, or raises NotFound: absent and not yours look alike.
    """

    resource: Resource
    act: Act
    judge: Callable[Concatenate[Actor, P], R]

    def __post_init__(self) -> None:
        row_of(self.resource, self.act)  # a rule that the table does not know stops the program from starting

    def __call__(self, actor: Actor, *args: P.args, **view_args: P.kwargs) -> R:
        return self.judge(actor, *args, **view_args)


@dataclass(frozen=True)
class Public:
    """Open to everybody, for *reason*; *load* turns the URL's parts into what the view gets."""

    reason: str
    load: Callable[..., Any] | None = None
    resource = Resource.DOOR
    act = Act.OPEN

    def __call__(self, actor: Actor, **view_args: Any) -> Any:
        return self.load(actor, **view_args) if self.load else None


def public(reason: str, *, load: Callable[..., Any] | None = None) -> Public:
    """The only way to open a route to people who have not signed in."""
    if not reason:
        raise TypeError("say why this route is open")
    return Public(reason, load)


Rule = On[..., Any] | Public
"""What a route may name."""


_BY_ROLE = {
    Role.ANONYMOUS: Principal.ANONYMOUS,
    Role.CLIENT: Principal.CLIENT_SELF,
    Role.PROVIDER: Principal.PROVIDER_ASSIGNED,
    Role.ADMIN: Principal.ADMIN,
}


def refuse_role(actor: Actor, resource: Resource, act: Act) -> None:
    """NotFound unless the active role alone may: for what is nobody's in particular, and for what is one's own."""
    principal = _BY_ROLE.get(actor.role)
    if principal is None or not may(principal, resource, act):
        raise NotFound(ABSENT)


def by_role(resource: Resource, act: Act) -> On[[], None]:
    """The rule of an address without parts: the active role decides."""
    return On(resource, act, lambda actor: refuse_role(actor, resource, act))


def on(resource: Resource, act: Act) -> Callable[[Callable[Concatenate[Actor, P], R]], On[P, R]]:
    """Makes a rule of a function that loads what is the actor's own, and raises NotFound for everything else."""

    def decorate(load: Callable[Concatenate[Actor, P], R]) -> On[P, R]:
        def judge(actor: Actor, /, *args: P.args, **view_args: P.kwargs) -> R:
            refuse_role(actor, resource, act)
            return load(actor, *args, **view_args)

        return On(resource, act, judge)

    return decorate


signed_in = by_role(Resource.OWN, Act.USE)
