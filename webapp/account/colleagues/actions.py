"""What admins do about colleagues: invite, give roles, disable, start a reset, require second factors.

An admin never chooses a password for anybody, and the practice never loses its last admin.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

from core.errors import Conflict, Invalid, Refused
from core.settings import Settings
from webapp.access import sessions
from webapp.access.actor import Actor, Role
from webapp.account import links
from webapp.account.actions import create_account, tidy_email
from webapp.account.alerts import tell_admins, tell_owner
from webapp.account.colleagues.policy import ROLES
from webapp.account.colleagues.queries import ADMIN_WAITS, waits_for_a_day
from webapp.account.mfa import pending, recovery, requirement
from webapp.account.mfa.models import MfaRequirement, Whom
from webapp.account.mfa.queries import factors_of
from webapp.account.mfa.requirement import THE_ONE, Requirement
from webapp.account.models import Account, AccountRole, LinkPurpose
from webapp.account.queries import roles_of
from webapp.audit.events import Action, Event
from webapp.db.unit import current_unit, unit
from webapp.outbox.models import MailTemplate
from webapp.ui.times import dated

INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)
GRACE_MAX = timedelta(days=180)
NOTE_MIN = 10


def invite(
    actor: Actor, *, email: str, name: str, roles: Collection[Role], settings: Settings, at: datetime
) -> str | None:
    """A colleague who will choose a password by a link. It is mailed; without a relay it is returned, to be passed on.

    Conflict: the address has an account already.
    """
    _judge_roles(roles)
    with unit(Event(Action.COLLEAGUE_INVITED, actor)) as work:
        account = create_account(actor, email=email, name=name, roles=roles, time_zone=actor.time_zone, at=at)
        work.events.append(Event(Action.COLLEAGUE_ROLES_GIVEN, actor, about=_about(account, roles)))
        return _send_invitation(account, settings, at=at)


def invite_again(actor: Actor, account: Account, settings: Settings, *, at: datetime) -> str | None:
    """A new link for somebody who has not chosen a password yet; the old one is dead."""
    if account.password_hash is not None:
        raise Conflict(gettext("%(name)s has chosen a password already and can sign in.", name=account.name))
    _must_be_enabled(account)
    with unit(Event(Action.COLLEAGUE_INVITED, actor, about={"account": account.id})):
        return _send_invitation(account, settings, at=at)


def give_roles(actor: Actor, account: Account, roles: Collection[Role], *, at: datetime) -> None:
    """*account* has these of provider and admin from now on. Who loses one is signed out.

    A reset that was started for less than an admin opens no admin's account.
    """
    _judge_roles(roles)
    kept = roles_of(account.id) - set(ROLES)
    with unit() as work:
        lost = roles_of(account.id) - kept - set(roles)
        about = _about(account, roles)
        if lost:
            about["lost"] = " ".join(sorted(lost))
        work.events.append(Event(Action.COLLEAGUE_ROLES_GIVEN, actor, about=about))
        if Role.ADMIN in set(roles) - roles_of(account.id):
            links.end_all(account.id, [LinkPurpose.RESET], at=at)
        AccountRole.delete().where((AccountRole.account == account.id) & AccountRole.role.in_(list(lost))).execute()
        for role in set(roles) - roles_of(account.id):
            AccountRole.create(account=account.id, role=role)
        if lost:
            sessions.end_all(account.id, at=at)
        current_unit().before_commit(_keep_an_admin)


def disable(actor: Actor, account: Account, *, at: datetime) -> None:
    """*account* opens nothing any more: sessions, calls and links end at once. Nothing that they wrote is lost."""
    if account.id == actor.id:
        raise Refused(gettext("Nobody disables their own account. Ask another admin."))
    _must_be_enabled(account)
    with unit(Event(Action.ACCOUNT_DISABLED, actor, about={"account": account.id})):
        Account.update(disabled_at=at).where(Account.id == account.id).execute()
        sessions.end_all(account.id, at=at)
        pending.forget_all(account.id)
        links.end_all(account.id, LinkPurpose, at=at)
        current_unit().before_commit(_keep_an_admin)


def enable(actor: Actor, account: Account) -> None:
    """*account* may sign in again, with what it had."""
    with unit(Event(Action.ACCOUNT_ENABLED, actor, about={"account": account.id})):
        Account.update(disabled_at=None).where(Account.id == account.id).execute()


def start_reset(
    actor: Actor,
    account: Account,
    *,
    note: str,
    drops_factors: bool,
    settings: Settings,
    client: uuid.UUID | None = None,
    at: datetime,
) -> str | None:
    """A link with which *account* chooses a password, mailed to its owner or, without a relay, returned.

    *note* says how the actor made sure of who asked. *drops_factors*: second factors and recovery codes go too. For an
    admin the link opens a day later, and all admins are told at once: any of them can stop it. *client*: in whose
    record the reset stands too.
    """
    if account.id == actor.id:
        raise Refused(gettext("Nobody resets their own account. Change your password under My Account."))
    if account.password_hash is None:
        raise Conflict(gettext("%(name)s has not chosen a password yet. Send the invitation again.", name=account.name))
    _must_be_enabled(account)
    words = " ".join(note.split())
    if len(words) < NOTE_MIN:
        raise Invalid(gettext("Please write how you made sure that it is them."), field="note")
    waits = waits_for_a_day(account, at=at)
    opens_at = at + ADMIN_WAITS if waits else at
    about = {"account": account.id, "second factors": "go" if drops_factors else "stay"}
    with unit(Event(Action.RESET_STARTED, actor, client=client, about=about)):
        link = links.make(
            account.id,
            LinkPurpose.RESET,
            settings,
            life=RESET_LIFE,
            at=at,
            opens_at=opens_at,
            drops_factors=drops_factors,
            started_by=actor.id,
            note=words,
        )
        zone = ZoneInfo(account.time_zone)
        times = {"opens": dated(opens_at, zone, now=at), "expires": dated(opens_at + RESET_LIFE, zone, now=at)}
        tell_owner(account.id, MailTemplate.RESET_STARTED, settings, at=at, link=link, **times)
        if waits:
            page = f"{settings.origin}/colleagues/{account.id}"
            tell_admins(MailTemplate.ADMIN_RESET, settings, at=at, link=page, opens=times["opens"])
    return None if settings.mail.host else link


def start_client_reset(
    actor: Actor, email: str, *, note: str, drops_factors: bool, settings: Settings, at: datetime
) -> str | None:
    """start_reset() for the client who signs in with *email*; Invalid (field “email”) if none does."""
    account = Account.get_or_none(Account.email == tidy_email(email))
    if account is None or Role.CLIENT not in roles_of(account.id) or roles_of(account.id) & set(ROLES):
        raise Invalid(gettext("No client signs in with this address."), field="email")
    return start_reset(actor, account, note=note, drops_factors=drops_factors, settings=settings, at=at)


def stop_reset(actor: Actor, account: Account, *, at: datetime) -> None:
    """The link of a reset that was started works no more. Conflict if there is none."""
    with unit(Event(Action.RESET_STOPPED, actor, about={"account": account.id})):
        if not links.end_all(account.id, [LinkPurpose.RESET], at=at):
            raise Conflict(gettext("There is no reset to stop any more."))


def may_require(actor: Actor) -> bool:
    """Whether *actor* would get in under the rule: has a second factor, and recovery codes for the day it is lost."""
    return factors_of(actor.id).any and recovery.left(actor.id) > 0


def require_mfa(actor: Actor, whom: Whom, first_day: date | None, settings: Settings, *, at: datetime) -> Requirement:
    """Require second factors of *whom* from the beginning of *first_day* (in the actor's zone) on.

    Invalid (field “first_day”) unless it is tomorrow or later, or the day that was set already; (field “whom”) unless
    the actor has a second factor and recovery codes: who requires one must not be the first to be locked out.
    """
    if whom is Whom.NOBODY:
        from_at = at
    else:
        if not may_require(actor):
            raise Invalid(
                gettext("Add a second factor to your own account first, and keep its recovery codes."), field="whom"
            )
        from_at = _begin_of(first_day, actor, kept=requirement.current().from_at, at=at)
    with unit(Event(Action.MFA_REQUIRED, actor, about={"whom": whom.value})):
        values = {"whom": whom, "from_at": from_at, "set_at": at}
        if not MfaRequirement.update(**values).where(MfaRequirement.id == THE_ONE).execute():
            MfaRequirement.insert(id=THE_ONE, **values).execute()
        required = Requirement(whom, from_at)
        if whom is not Whom.NOBODY:
            _tell_who_lacks(required, settings, at=at)
        tell_admins(MailTemplate.MFA_RULE_CHANGED, settings, at=at, link=f"{settings.origin}/colleagues")
    return required


def _begin_of(first_day: date | None, actor: Actor, *, kept: datetime | None, at: datetime) -> datetime:
    zone = ZoneInfo(actor.time_zone)
    if kept is not None and first_day == kept.astimezone(zone).date():
        return kept
    if first_day is None or first_day <= at.astimezone(zone).date():
        raise Invalid(gettext("Please choose a day from tomorrow on, so that everybody has time."), field="first_day")
    begin = datetime.combine(first_day, time(), zone)
    if begin > at + GRACE_MAX:
        raise Invalid(gettext("Please choose a day within half a year."), field="first_day")
    return begin.astimezone(at.tzinfo)


def _tell_who_lacks(required: Requirement, settings: Settings, *, at: datetime) -> None:
    for account in Account.select().where(Account.disabled_at.is_null() & Account.password_hash.is_null(False)):
        if required.covers(roles_of(account.id)) and not factors_of(account.id).any and required.from_at:
            begins = dated(required.from_at, ZoneInfo(account.time_zone), now=at)
            tell_owner(account.id, MailTemplate.MFA_REQUIRED, settings, at=at, begins=begins)


def _keep_an_admin() -> None:
    # Runs when this unit is the only one that commits: two admins cannot remove each other at the same moment.
    left = (
        Account.select()
        .join(AccountRole)
        .where((AccountRole.role == Role.ADMIN) & Account.disabled_at.is_null() & Account.password_hash.is_null(False))
    )
    if not left.exists():
        raise Conflict(gettext("This is the practice's last admin. Give somebody else the admin role first."))


def _send_invitation(account: Account, settings: Settings, *, at: datetime) -> str | None:
    link = links.make(account.id, LinkPurpose.INVITATION, settings, life=INVITATION_LIFE, at=at)
    until = dated(at + INVITATION_LIFE, ZoneInfo(account.time_zone), now=at)
    tell_owner(account.id, MailTemplate.INVITATION, settings, at=at, link=link, expires=until)
    return None if settings.mail.host else link


def _judge_roles(roles: Collection[Role]) -> None:
    if not roles or not set(roles) <= set(ROLES):
        raise Invalid(gettext("Please choose at least one role."), field="roles")


def _must_be_enabled(account: Account) -> None:
    if account.disabled_at is not None:
        raise Conflict(gettext("%(name)s is disabled. Enable the account first.", name=account.name))


def _about(account: Account, roles: Collection[Role]) -> dict[str, uuid.UUID | int | str]:
    return {"account": account.id, "roles": " ".join(sorted(role.value for role in roles))}
