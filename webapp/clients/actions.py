"""What the practice does with its clients: write them down, keep them right, say who cares for them."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime

from flask_babel import gettext

from core.errors import Conflict, Invalid
from webapp.access.actor import Actor, Role
from webapp.account.models import Account, AccountRole
from webapp.audit.events import Action, Event
from webapp.clients import invitations
from webapp.clients.models import CareTeam, Client, ClientDetails
from webapp.clients.values import ClientValues, Details
from webapp.db.unit import unit


def add_client(
    actor: Actor, values: ClientValues, details: Details, *, carer: uuid.UUID | None = None, at: datetime
) -> uuid.UUID:
    """A new client, whose care team is *carer*, or else the provider who wrote them down.

    Invalid if that is no colleague who can sign in as a provider.
    """
    carer = carer or actor.id
    client = Client(created_at=at, **_columns(values))
    client_id = uuid.UUID(str(client.id))
    with unit(Event(Action.CLIENT_CREATED, actor, client=client_id)):
        _refuse_stranger(carer)
        client.save(force_insert=True)
        ClientDetails.create(client=client, **_sealed(details))
        CareTeam.create(client=client, provider=carer, added_at=at)
    return client_id


def save_client(
    actor: Actor, client_id: uuid.UUID, values: ClientValues, details: Details | None, *, at: datetime
) -> None:
    """Write down how the client is reached and called now; without *details* those stay as they are.

    An invitation that went to another address works no more.

    Conflict if the client is archived and does it themself: their record can be read, and is theirs no more to change.
    """
    with unit(Event(Action.CLIENT_SAVED, actor, client=client_id)):
        before = Client.get_by_id(client_id)
        if actor.role is Role.CLIENT and before.archived_at is not None:
            raise Conflict(gettext("Your record is archived, so it can only be read. To change it, call the clinic."))
        if before.email != values.email:
            invitations.end_earlier(client_id, at=at)
        Client.update(**_columns(values)).where(Client.id == client_id).execute()
        if details is None:
            return
        ClientDetails.update(**_sealed(details)).where(ClientDetails.client == client_id).execute()


def archive_client(actor: Actor, client_id: uuid.UUID, *, at: datetime) -> None:
    """Take the client out of the lists of current ones. Nothing of the record is lost."""
    with unit(Event(Action.CLIENT_ARCHIVED, actor, client=client_id)):
        Client.update(archived_at=at).where((Client.id == client_id) & Client.archived_at.is_null()).execute()


def restore_client(actor: Actor, client_id: uuid.UUID) -> None:
    """Put an archived client back among the current ones."""
    with unit(Event(Action.CLIENT_RESTORED, actor, client=client_id)):
        Client.update(archived_at=None).where(Client.id == client_id).execute()


def add_to_care_team(actor: Actor, client_id: uuid.UUID, provider: uuid.UUID, *, at: datetime) -> None:
    """Let a colleague care for the client too. Invalid if it is no colleague who can sign in as a provider."""
    with unit(Event(Action.CARE_TEAM_CHANGED, actor, client=client_id, about={"added": provider})):
        _refuse_stranger(provider)
        CareTeam.insert(client=client_id, provider=provider, added_at=at).on_conflict_ignore().execute()


def leave_care_team(actor: Actor, client_id: uuid.UUID, provider: uuid.UUID) -> None:
    """*provider* no longer cares for the client. Conflict if nobody else would."""
    with unit(Event(Action.CARE_TEAM_CHANGED, actor, client=client_id, about={"removed": provider})):
        # The client's row is the lock: two who leave at the same moment do not leave nobody.
        Client.update(archived_at=Client.archived_at).where(Client.id == client_id).execute()
        others = CareTeam.select().where((CareTeam.client == client_id) & (CareTeam.provider != provider))
        if not others.exists():
            raise Conflict(gettext("Somebody has to care for this client. Add a colleague first."))
        CareTeam.delete().where((CareTeam.client == client_id) & (CareTeam.provider == provider)).execute()


def _refuse_stranger(provider: uuid.UUID) -> None:
    found = (
        Account.select()
        .join(AccountRole)
        .where((Account.id == provider) & (AccountRole.role == Role.PROVIDER) & Account.disabled_at.is_null())
    )
    if not found.exists():
        raise Invalid(gettext("Choose a colleague from the list."), field="provider")


def _columns(values: ClientValues) -> dict[str, str]:
    columns = asdict(values)
    return {**columns, "family_name": values.listed_under, "sort_key": values.sort_key, "search": values.search}


def _sealed(details: Details) -> dict[str, str | None]:
    return {
        "birth_date": details.birth_date.isoformat() if details.birth_date else None,
        "address": details.address or None,
        "emergency_name": details.emergency_name or None,
        "emergency_phone": details.emergency_phone or None,
    }
