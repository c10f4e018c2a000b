"""Making the first admin, and giving the practice its name."""

from __future__ import annotations

import uuid
from datetime import datetime

from core.settings import Portal
from webapp.access.actor import Actor, Role
from webapp.account import passwords
from webapp.account.actions import create_account, tidy_email, use_zone
from webapp.account.signing_in import Caller, Opened, open_session
from webapp.audit.events import Action, Event
from webapp.db.unit import unit
from webapp.practice.actions import PracticeWords, save
from webapp.practice.queries import current as practice_now
from webapp.setup import link

FIRST_ROLES = frozenset({Role.ADMIN, Role.PROVIDER})


def make_first_admin(
    actor: Actor,
    link_id: uuid.UUID,
    *,
    name: str,
    email: str,
    password: str,
    caller: Caller,
    limits: Portal,
    at: datetime,
) -> Opened:
    """The account of the first admin, signed in to go on with set-up. Invalid names the field that cannot be used."""
    chosen = passwords.choose(password, name=name, email=tidy_email(email), roles=FIRST_ROLES)
    with unit():
        link.use(link_id, at=at)
        account = create_account(actor, email=email, name=name, roles=FIRST_ROLES, password=chosen, at=at)
        return open_session(account.id, caller, limits, role=Role.ADMIN, at=at)


def finish(actor: Actor, *, name: str, phone: str, time_zone: str, at: datetime) -> None:
    """Give the practice its name, and the admin its time zone: set-up is done. What else it says of itself stays."""
    now = practice_now()
    words = PracticeWords(
        name=name,
        phone=phone,
        time_zone=time_zone,
        address=now.address,
        waiting_text=now.waiting_text,
        introduction=now.introduction,
        registration_open=now.registration_open,
    )
    with unit(Event(Action.SETUP_FINISHED, actor)):
        save(actor, words, at=at)
        use_zone(actor, time_zone)
