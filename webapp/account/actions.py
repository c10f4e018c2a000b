"""Making accounts, and what their owners may change."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import available_timezones

import peewee
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext

from core.errors import Conflict, Invalid
from webapp.access.actor import Actor, Role
from webapp.account import hashing, passwords
from webapp.account.models import Account, AccountRole
from webapp.account.passwords import ChosenPassword
from webapp.audit.events import Action, Event
from webapp.db.database import db
from webapp.db.unit import housekeeping, unit

NAME_MAX = 100
THEMES = ("", "light", "dark")


def create_account(
    actor: Actor,
    *,
    email: str,
    name: str,
    roles: Iterable[Role],
    password: ChosenPassword | None = None,
    time_zone: str = "UTC",
    at: datetime,
) -> Account:
    """A new account, in the caller's unit if there is one. Conflict: the address has one already; Invalid: see field.

    *password* comes from passwords.choose(), called before the unit; without one nobody can sign in until
    set_first_password().
    """
    address, full_name = tidy_email(email), _tidy_name(name)
    _judge_zone(time_zone)
    with unit() as work:
        try:
            with db.atomic():
                account = Account.create(
                    email=address,
                    name=full_name,
                    password_hash=password.hash if password else None,
                    password_is_long=bool(password and password.is_long),
                    time_zone=time_zone,
                    created_at=at,
                )
        except peewee.IntegrityError as e:
            raise Conflict(gettext("Somebody with this e-mail address has an account already.")) from e
        for role in set(roles):
            AccountRole.create(account=account, role=role)
        work.events.append(Event(Action.ACCOUNT_CREATED, actor, about={"account": account.id}))
    return account


def set_first_password(actor: Actor, account: uuid.UUID, password: ChosenPassword) -> None:
    """Give an account that has none its password; Conflict if it has one. In the caller's unit if there is one."""
    with unit(Event(Action.PASSWORD_CHOSEN, actor, about={"account": account})):
        row = Account.get_by_id(account)
        if row.password_hash is not None or row.disabled_at is not None:
            raise Conflict(gettext("This account has a password already. Sign in with it."))
        keep_password(account, password)


def keep_password(account: uuid.UUID, password: ChosenPassword) -> None:
    """*password* is the account's from now on; inside the caller's unit."""
    Account.update(password_hash=password.hash, password_is_long=password.is_long).where(
        Account.id == account
    ).execute()


def note_password(account: Account, typed: str) -> str:
    """What only the right password, just *typed*, can tell: its length, and its hash at today's cost if that rose.

    The hash that is kept now, unless somebody has changed the password in the meantime.
    """
    changed: dict[str, str | bool] = {}
    if hashing.outdated(account.password_hash):
        changed["password_hash"] = hashing.make(typed)
    if account.password_is_long is not passwords.is_long(typed):
        changed["password_is_long"] = passwords.is_long(typed)
    if changed:
        with housekeeping("the same password, hashed at today's cost, and whether it is long"):
            mine = Account.id == account.id
            Account.update(signed_in_at=Account.signed_in_at).where(mine).execute()  # the row is the lock
            if Account.get(mine).password_hash == account.password_hash:  # not chosen anew while this was hashed
                Account.update(**changed).where(mine).execute()
    return str(changed.get("password_hash", account.password_hash))


def save_preferences(
    actor: Actor, *, name: str, time_zone: str, locale: str, theme: str, languages: Iterable[str]
) -> None:
    """The actor's own name and how pages are written for them; Invalid names the field."""
    full_name = _tidy_name(name)
    _judge_zone(time_zone)
    if locale not in languages:
        raise Invalid(gettext("Please choose a language from the list."), field="locale")
    if theme not in THEMES:
        raise Invalid(gettext("Please choose how the pages look."), field="theme")
    with unit(Event(Action.PREFERENCES_SAVED, actor)):
        Account.update(name=full_name, time_zone=time_zone, locale=locale, theme=theme).where(
            Account.id == actor.id
        ).execute()


def use_zone(actor: Actor, time_zone: str) -> None:
    """Write times for the actor in *time_zone*."""
    _judge_zone(time_zone)
    with unit(Event(Action.PREFERENCES_SAVED, actor)):
        Account.update(time_zone=time_zone).where(Account.id == actor.id).execute()


def tidy_email(email: str) -> str:
    """*email* as it is kept and looked up; Invalid (field “email”) if it cannot be an address."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as e:
        raise Invalid(gettext("Please look at this e-mail address again: %(why)s", why=e), field="email") from e


def _tidy_name(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy:
        raise Invalid(gettext("Please write a name."), field="name")
    if len(tidy) > NAME_MAX:
        raise Invalid(gettext("Please take at most %(max)d characters.", max=NAME_MAX), field="name")
    return tidy


def _judge_zone(name: str) -> None:
    if name not in available_timezones():
        raise Invalid(gettext("Please choose a time zone from the list."), field="time_zone")
