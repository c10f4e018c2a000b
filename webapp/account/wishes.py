"""Which mails somebody wants. What keeps an account safe is always sent; of the rest each chooses."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from webapp.access.actor import Actor, Role
from webapp.account.models import MailKind, UnwantedMail
from webapp.account.queries import roles_of
from webapp.audit.events import Action, Event
from webapp.db.unit import unit

# Who gets mails of a kind at all: nobody is asked about what never comes.
_OF_ROLES = {MailKind.APPOINTMENT: frozenset({Role.CLIENT})}


def kinds_of(account: uuid.UUID) -> tuple[MailKind, ...]:
    """The kinds that come to *account*, wanted or not."""
    roles = roles_of(account)
    return tuple(kind for kind in MailKind if _OF_ROLES[kind] & roles)


def wanted_by(account: uuid.UUID) -> frozenset[MailKind]:
    """The kinds that *account* wants: all, until they say otherwise."""
    unwanted = {row.kind for row in UnwantedMail.select().where(UnwantedMail.account == account)}
    return frozenset(kind for kind in kinds_of(account) if kind not in unwanted)


def wanting(accounts: Collection[uuid.UUID], kind: MailKind) -> frozenset[uuid.UUID]:
    """Those of *accounts* who want mails of *kind*."""
    rows = UnwantedMail.select().where(UnwantedMail.account.in_(list(accounts)) & (UnwantedMail.kind == kind))
    return frozenset(accounts) - {row.account_id for row in rows}


def save(actor: Actor, wanted: Collection[MailKind]) -> None:
    """The actor wants mails of these kinds and of no others of those that come to them."""
    with unit(Event(Action.PREFERENCES_SAVED, actor)):
        UnwantedMail.delete().where(UnwantedMail.account == actor.id).execute()
        for kind in kinds_of(actor.id):
            if kind not in wanted:
                UnwantedMail.create(account=actor.id, kind=kind)
