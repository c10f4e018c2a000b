"""Making the first admin, and giving the practice its name."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.settings import Portal, Settings
from webapp.access.actor import Actor, Role
from webapp.account import passwords
from webapp.account.actions import create_account, tidy_email, use_zone
from webapp.account.colleagues.actions import require_mfa
from webapp.account.mfa.models import Whom
from webapp.account.signing_in import Caller, Opened, open_session
from webapp.audit.events import Action, Event
from webapp.db.unit import unit
from webapp.outbox.trial import Tried, send_test
from webapp.practice.actions import PracticeWords, save
from webapp.practice.queries import current as practice_now
from webapp.setup import link
from webapp.setup.queries import own_address

GRACE = timedelta(days=14)  # for colleagues who have not been invited yet
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


def test_mail(actor: Actor, settings: Settings, *, at: datetime) -> Tried:
    """Send a test message to the actor's own address, and nowhere else: this is no way to write to strangers."""
    return send_test(settings, own_address(actor), actor=actor, at=at)


def require_factors(actor: Actor, whom: Whom, settings: Settings, *, at: datetime) -> None:
    """Require second factors of *whom*, with GRACE to add one. Invalid (field “whom”) unless the actor has one."""
    first_day = (at + GRACE).astimezone(ZoneInfo(actor.time_zone)).date()
    require_mfa(actor, whom, first_day, settings, at=at)


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
