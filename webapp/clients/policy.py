"""Who may see which client. Absent and not yours are the same answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT
from webapp.clients.models import CareTeam, Client


@dataclass(frozen=True)
class ReadClient:
    """A client and how much of it the actor may see: *full* also opens ClientDetails."""

    client: Client
    full: bool

    @property
    def audit_client(self) -> uuid.UUID:
        """Whose content this is, for the audit record."""
        return uuid.UUID(str(self.client.id))


def read_client(actor: Actor, client_id: uuid.UUID) -> ReadClient:
    """Providers of the practice read name and contact, the care team and the client everything."""
    client = Client.get_or_none(Client.id == client_id)
    if client is None or actor.account is None:
        raise NotFound(ABSENT)
    if actor.role is Role.CLIENT and client.account_id == actor.account:
        return ReadClient(client, full=True)
    if actor.role is Role.PROVIDER:
        return ReadClient(client, full=on_care_team(actor.account, client_id))
    raise NotFound(ABSENT)


def care_for(actor: Actor, client_id: uuid.UUID) -> ReadClient:
    """Only a provider of the client's care team."""
    read = read_client(actor, client_id)
    if actor.role is not Role.PROVIDER or not read.full:
        raise NotFound(ABSENT)
    return read


def know_client(actor: Actor, client_id: uuid.UUID) -> ReadClient:
    """The care team and the client themself: those who read everything, and may put it right."""
    read = read_client(actor, client_id)
    if not read.full:
        raise NotFound(ABSENT)
    return read


def on_care_team(provider: uuid.UUID, client_id: uuid.UUID) -> bool:
    """Whether *provider* cares for this client."""
    return bool(CareTeam.select().where((CareTeam.client == client_id) & (CareTeam.provider == provider)).exists())
