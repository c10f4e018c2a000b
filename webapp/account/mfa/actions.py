"""Adding, renaming and removing one's own second factors."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext

from core.errors import Conflict, Invalid
from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import Actor
from webapp.account.alerts import tell_owner
from webapp.account.mfa import pending, recovery, requirement, security_keys, totp
from webapp.account.mfa.models import AuthenticatorApp, Purpose, SecurityKey
from webapp.account.mfa.proofs import WrongCode, wrong_code_sentence
from webapp.account.models import Account
from webapp.audit.events import Action, Event, Outcome
from webapp.crypto.keyring import Keyring
from webapp.db.unit import housekeeping, unit
from webapp.outbox.models import MailTemplate

NAME_MAX = 60
EACH_MAX = 10
UNFINISHED_LIFE = timedelta(hours=1)


def begin_app(actor: Actor, *, at: datetime) -> uuid.UUID:
    """A seed for a new authenticator app; it counts once its first code was right. One that was begun before goes."""
    with unit(Event(Action.FACTOR_BEGUN, actor, about={"kind": "app"})):
        AuthenticatorApp.delete().where(
            (AuthenticatorApp.account == actor.id) & AuthenticatorApp.confirmed_at.is_null()
        ).execute()
        _refuse_too_many(actor, AuthenticatorApp)
        app = AuthenticatorApp.create(account=actor.id, name="", seed=totp.new_seed(), created_at=at)
    return uuid.UUID(str(app.id))


def add_app(
    actor: Actor, app_id: uuid.UUID, *, code: str, name: str, settings: Settings, keyring: Keyring, at: datetime
) -> list[str]:
    """The app of begin_app() counts from now on; WrongCode if its code is not right. Other browsers are signed out.

    The account's first factor brings ten recovery codes, to be shown once; an empty list otherwise.
    """
    title = _tidy(name)
    app = AuthenticatorApp.get_by_id(app_id)
    step = totp.matching_step(app.seed, code, at=at)
    if step is None:
        _record_refusal(actor, "app")
        raise WrongCode(wrong_code_sentence([app.seed], code, at))
    with unit(Event(Action.FACTOR_ADDED, actor, about={"app": app_id})):
        app.name, app.confirmed_at, app.last_step = title, at, step
        app.save()
        _after_change(actor, settings, at=at)
        return _first_codes(actor, keyring)


def begin_key(actor: Actor, settings: Settings, *, at: datetime) -> security_keys.Begun:
    """Ask the browser to make a credential on a key."""
    account = Account.get_by_id(actor.id)
    return security_keys.begin_registration(settings, account=actor.id, email=account.email, name=account.name, at=at)


def add_key(
    actor: Actor,
    ceremony: uuid.UUID,
    answer: Mapping[str, Any],
    *,
    name: str,
    settings: Settings,
    keyring: Keyring,
    at: datetime,
) -> list[str]:
    """The key that answered is one of the actor's. Recovery codes as in add_app()."""
    title = _tidy(name)
    try:
        challenge = security_keys.claim(ceremony, Purpose.REGISTER, account=actor.id, at=at)
        with unit() as work:
            _refuse_too_many(actor, SecurityKey)
            key = security_keys.finish_registration(settings, challenge, answer, account=actor.id, name=title, at=at)
            work.events.append(Event(Action.FACTOR_ADDED, actor, about={"key": key.id}))
            _after_change(actor, settings, at=at)
            return _first_codes(actor, keyring)
    except (Invalid, Conflict):
        _record_refusal(actor, "key")
        raise


def rename(actor: Actor, factor: AuthenticatorApp | SecurityKey, name: str) -> None:
    """Give one of the actor's factors another name."""
    title = _tidy(name)
    with unit(Event(Action.FACTOR_RENAMED, actor, about={"factor": factor.id})):
        factor.name = title
        factor.save()


def remove(actor: Actor, factor: AuthenticatorApp | SecurityKey, settings: Settings, *, at: datetime) -> None:
    """One of the actor's factors opens nothing any more. With the last one the recovery codes go too.

    Conflict if it is the last one and the practice requires one.
    """
    with unit(Event(Action.FACTOR_REMOVED, actor, about={"factor": factor.id})) as work:
        factor.delete_instance()
        work.before_commit(lambda: _refuse_too_few(actor))
        _after_change(actor, settings, at=at)
        if not _has_any(actor):
            recovery.forget(actor.id)


def renew_recovery_codes(actor: Actor, keyring: Keyring) -> list[str]:
    """Ten new codes, to be shown once; the old ones are dead."""
    with unit(Event(Action.RECOVERY_CODES_MADE, actor)):
        if not _has_any(actor):
            raise Conflict(gettext("Add an authenticator app or a security key first."))
        return recovery.renew(actor.id, keyring)


def forget_unfinished(*, at: datetime) -> int:
    """Remove authenticator apps that never showed a code; how many there were."""
    with housekeeping("a seed that was only shown"):
        unfinished = AuthenticatorApp.confirmed_at.is_null() & (AuthenticatorApp.created_at < at - UNFINISHED_LIFE)
        return int(AuthenticatorApp.delete().where(unfinished).execute())


def _record_refusal(actor: Actor, kind: str) -> None:
    with unit(Event(Action.FACTOR_REFUSED, actor, about={"kind": kind}, outcome=Outcome.REFUSED)):
        pass


def _after_change(actor: Actor, settings: Settings, *, at: datetime) -> None:
    # Whoever else is signed in got in by other proofs than are asked from now on (ASVS 7.4.3).
    sessions.end_all(actor.id, but=actor.session, at=at)
    pending.forget_all(actor.id)
    tell_owner(actor.id, MailTemplate.SIGN_IN_CHANGED, settings, at=at)


def _first_codes(actor: Actor, keyring: Keyring) -> list[str]:
    return [] if recovery.left(actor.id) else recovery.renew(actor.id, keyring)


def _has_any(actor: Actor) -> bool:
    apps = AuthenticatorApp.select().where(
        (AuthenticatorApp.account == actor.id) & AuthenticatorApp.confirmed_at.is_null(False)
    )
    return bool(apps.exists() or SecurityKey.select().where(SecurityKey.account == actor.id).exists())


def _refuse_too_many(actor: Actor, model: type[AuthenticatorApp] | type[SecurityKey]) -> None:
    if model.select().where(model.account == actor.id).count() >= EACH_MAX:
        raise Conflict(gettext("Ten of these are enough. Remove one that you no longer use first."))


def _refuse_too_few(actor: Actor) -> None:
    # Runs when this unit is the only one that commits: two removals at once do not each spare the other's factor.
    if not _has_any(actor) and requirement.current().covers(actor.roles):
        raise Conflict(gettext("The practice asks for a second factor. Add another one before you remove this."))


def _tidy(name: str) -> str:
    title = " ".join(name.split())
    if not title:
        raise Invalid(gettext("Please give it a name, so that you know it again."), field="name")
    if len(title) > NAME_MAX:
        raise Invalid(gettext("Please take at most %(max)d characters.", max=NAME_MAX), field="name")
    return title
