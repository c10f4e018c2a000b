"""Who somebody is to a client; what that one may, the table says. Absent and not yours are the same answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, On
from webapp.access.table import Act, Principal, Resource, may, row_of
from webapp.clients.models import BreakGlass, CareTeam, Client, FamilyMember, holds


@dataclass(frozen=True)
class ReadClient:
    """A client, and who the actor is to them.

    *opening* is the emergency by which a provider reads, *member* the right by which somebody acts for the client.
    """

    client: Client
    principal: Principal
    opening: BreakGlass | None = None
    member: FamilyMember | None = None

    @property
    def audit_client(self) -> uuid.UUID:
        """Whose content this is, for the audit record."""
        return uuid.UUID(str(self.client.id))

    @property
    def audit_about(self) -> Mapping[str, uuid.UUID]:
        """By which emergency or by whose right it was opened, for the audit record."""
        return about(self.opening, self.member)

    def may(self, resource: Resource, act: Act) -> bool:
        """What else the same actor may do about this client."""
        return may_as(self.principal, self.member, resource, act)

    @property
    def full(self) -> bool:
        """Whether more than name and contact may be read."""
        return self.may(Resource.CLIENT_RECORD, Act.READ)

    @property
    def cares(self) -> bool:
        """Whether the actor is on the care team."""
        return self.principal is Principal.PROVIDER_ASSIGNED


def of_client(resource: Resource, act: Act) -> On[[uuid.UUID], ReadClient]:
    """The rule of an address about one client."""

    def judge(actor: Actor, client_id: uuid.UUID) -> ReadClient:
        client = Client.get_or_none(Client.id == client_id)
        if client is None or actor.account is None:
            raise NotFound(ABSENT)
        read = _relation(actor, client)
        if not read.may(resource, act):
            raise NotFound(ABSENT)
        return read

    return On(resource, act, judge)


read_client = of_client(Resource.CLIENT_CONTACT, Act.READ)


def on_care_team(provider: uuid.UUID, client_id: uuid.UUID) -> bool:
    """Whether *provider* cares for this client."""
    return bool(CareTeam.select().where((CareTeam.client == client_id) & (CareTeam.provider == provider)).exists())


def open_glass(actor: Actor, client_id: uuid.UUID) -> BreakGlass | None:
    """The emergency by which a provider may read this client's record now."""
    if actor.at is None or actor.role is not Role.PROVIDER:
        return None
    mine = (BreakGlass.client == client_id) & (BreakGlass.provider == actor.id)
    found: BreakGlass | None = (
        BreakGlass.select().where(mine & holds(BreakGlass, actor.at)).order_by(BreakGlass.ends_at.desc()).first()
    )
    return found


def acting_for(actor: Actor) -> tuple[FamilyMember, ...]:
    """For whom the actor acts now, each client once. A person in another role acts for nobody."""
    if actor.at is None or actor.role is not Role.CLIENT:
        return ()
    rows = (
        FamilyMember.select(FamilyMember, Client)
        .join(Client)
        .where((FamilyMember.account == actor.id) & holds(FamilyMember, actor.at))
        .order_by(Client.sort_key, FamilyMember.joins_visits)
    )
    # Of two rights for the same client the larger one counts: it comes last.
    return tuple({row.client_id: row for row in rows}.values())


def may_as(principal: Principal, member: FamilyMember | None, resource: Resource, act: Act) -> bool:
    """What the table says; for family, if *member* also holds the right that it asks for."""
    right = row_of(resource, act).right
    held = principal is not Principal.FAMILY or right is None or (member is not None and right in member.rights)
    return held and may(principal, resource, act)


def about(opening: BreakGlass | None, member: FamilyMember | None) -> dict[str, uuid.UUID]:
    """The ids of what the actor's right rests on besides who they are, for the audit record."""
    ids = {"break_glass": opening, "family": member}
    return {name: uuid.UUID(str(row.id)) for name, row in ids.items() if row is not None}


def _relation(actor: Actor, client: Client) -> ReadClient:
    if actor.role is Role.CLIENT:
        if client.account_id == actor.account:
            return ReadClient(client, Principal.CLIENT_SELF)
        member = next((each for each in acting_for(actor) if each.client_id == client.id), None)
        return ReadClient(client, Principal.FAMILY if member else Principal.CLIENT_OTHER, member=member)
    if actor.role is Role.ADMIN:
        return ReadClient(client, Principal.ADMIN)
    if actor.role is not Role.PROVIDER:
        return ReadClient(client, Principal.ANONYMOUS)
    if on_care_team(actor.id, client.id):
        return ReadClient(client, Principal.PROVIDER_ASSIGNED)
    opening = open_glass(actor, client.id)
    principal = Principal.BREAK_GLASS if opening else Principal.PROVIDER_UNASSIGNED
    return ReadClient(client, principal, opening)
