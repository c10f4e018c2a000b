"""Invitations: a link that works once, with which a client chooses a password and is in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

from core.errors import Conflict, Invalid, Refused
from core.ids import new_token, token_hash
from core.settings import Settings
from webapp.access.actor import Actor, Role
from webapp.account.actions import create_account, tidy_email
from webapp.account.colleagues.actions import start_reset as reset_account
from webapp.account.models import Account
from webapp.account.passwords import choose
from webapp.account.queries import roles_of
from webapp.account.signing_in import Caller, open_session
from webapp.account.signing_in import Opened as SignedIn
from webapp.audit.events import Action, Event
from webapp.clients.models import Client, FamilyMember, Invitation
from webapp.db.unit import current_unit, unit
from webapp.outbox.mailer import post
from webapp.outbox.models import MailTemplate
from webapp.ui.times import dated

GOOD_FOR = timedelta(days=7)
TOKEN_MAX = 100  # longer ones are nobody's; they are not even hashed


@dataclass(frozen=True)
class Opened:
    """A link that still works: for whom, and the visit it leads to."""

    invitation: Invitation
    client: Client

    @property
    def audit_client(self) -> uuid.UUID:
        """Whose content this is, for the audit record."""
        return uuid.UUID(str(self.client.id))


@dataclass(frozen=True)
class Accepted:
    """The session that has begun, and the visit to go to."""

    session: SignedIn
    appointment: uuid.UUID | None


def invite(
    actor: Actor, client_id: uuid.UUID, settings: Settings, *, appointment: uuid.UUID | None = None, at: datetime
) -> str:
    """The address of a new invitation, mailed too if there is a relay. Invalid says why a client cannot be invited.

    The token stands in this address and nowhere else: the row keeps its hash.
    """
    client = Client.get_by_id(client_id)
    if client.account_id is not None:
        raise Conflict(gettext("%(name)s has accepted an invitation already and can sign in.", name=client.name))
    if client.archived_at is not None:
        raise Conflict(gettext("%(name)s is archived. Restore the record before you invite them.", name=client.name))
    if not client.email:
        raise Invalid(gettext("Add an e-mail address under Info first: it becomes the name to sign in with."))
    if Account.select().where(Account.email == tidy_email(client.email)).exists():
        raise Conflict(
            gettext(
                "Somebody signs in with %(email)s already. Give this client an address of their own, "
                "or add that person under Family.",
                email=client.email,
            )
        )
    token = new_token()
    link = f"{settings.origin}/invitation/{token}"
    about: dict[str, uuid.UUID | int | str] = {"appointment": appointment} if appointment else {}
    with unit(Event(Action.CLIENT_INVITED, actor, client=client_id, about=about)):
        end_earlier(client_id, at=at)
        Invitation.create(
            token_hash=token_hash(token),
            client=client,
            appointment=appointment,
            created_at=at,
            expires_at=at + GOOD_FOR,
        )
        if settings.mail.host:
            values = {"link": link, "expires": dated(at + GOOD_FOR, ZoneInfo(client.time_zone), now=at)}
            post(client.email, MailTemplate.INVITATION, values, at=at)
    return link


def end_earlier(client_id: uuid.UUID, *, at: datetime) -> None:
    """Links that were sent to this client work no more: who has an older one is perhaps not them. Inside a unit."""
    current_unit()
    Invitation.update(used_at=at).where((Invitation.client == client_id) & Invitation.used_at.is_null()).execute()


def open_link(token: str, *, at: datetime) -> Opened | None:
    """What *token* opens; None alike for unknown, used and expired ones."""
    if len(token) > TOKEN_MAX:
        return None
    invitation = Invitation.get_or_none(Invitation.token_hash == token_hash(token))
    if invitation is None or invitation.used_at is not None or at >= invitation.expires_at:
        return None
    client = Client.get_by_id(invitation.client_id)
    if client.account_id is not None or client.archived_at is not None:
        return None
    return Opened(invitation, client)


def accept(opened: Opened, password: str, settings: Settings, caller: Caller, *, at: datetime) -> Accepted:
    """The client has an account with *password* and is signed in. Invalid if the password will not do; Conflict if
    the link was used in the meantime.
    """
    client = opened.client
    # Hashing takes long: it is over before the unit begins.
    chosen = choose(password, name=client.name, email=client.email, roles=(Role.CLIENT,))
    newcomer = Actor(role=Role.CLIENT, name=client.name, address=caller.address)
    with unit() as work:
        _claim(opened, at=at)
        account = create_account(
            newcomer,
            email=client.email,
            name=client.name,
            roles=(Role.CLIENT,),
            password=chosen,
            time_zone=client.time_zone,
            at=at,
        )
        Client.update(account=account).where(Client.id == client.id).execute()
        session = open_session(account.id, caller, settings.portal, at=at)
        take_over_family(session.actor, account.email)
        work.events.append(Event(Action.INVITATION_ACCEPTED, session.actor, client=client.id))
    return Accepted(session, opened.invitation.appointment)


def start_reset(
    actor: Actor, client_id: uuid.UUID, settings: Settings, *, note: str, drops_factors: bool, at: datetime
) -> str | None:
    """Let a client in again who can sign in no more: a link to choose a password, mailed or, without a relay, returned.

    Conflict for whoever has no account yet; Refused for colleagues, whose accounts are looked after elsewhere.
    """
    client = Client.get_by_id(client_id)
    if client.account_id is None:
        raise Conflict(gettext("%(name)s cannot sign in yet. Invite them instead.", name=client.name))
    if roles_of(client.account_id) & {Role.PROVIDER, Role.ADMIN}:
        raise Refused(gettext("%(name)s is a colleague too. Start the reset under Colleagues.", name=client.name))
    return reset_account(
        actor,
        Account.get_by_id(client.account_id),
        note=note,
        drops_factors=drops_factors,
        settings=settings,
        client=client_id,
        at=at,
    )


def take_over_family(actor: Actor, email: str) -> None:
    """Whoever was invited to act for clients under *email* does so with their new account; inside the caller's unit.

    A mother who is invited for two children, and is a client too, has one account, whichever link she opens first. The
    record of each child says so.
    """
    work = current_unit()
    waiting = (FamilyMember.email == email) & FamilyMember.account.is_null() & FamilyMember.ended_at.is_null()
    for member in FamilyMember.select().where(waiting):
        FamilyMember.update(account=actor.id).where(FamilyMember.id == member.id).execute()
        about = {"family": member.id}
        work.events.append(Event(Action.FAMILY_JOINED, actor, client=member.client_id, about=about))


def _claim(opened: Opened, *, at: datetime) -> None:
    """Use the link up, and hold the client's row, so that of two who come at once the later finds it gone."""
    link, client = opened.invitation, opened.client
    unused = (Invitation.id == link.id) & Invitation.used_at.is_null()
    free = (Client.id == client.id) & Client.account.is_null() & Client.archived_at.is_null()
    claimed = Invitation.update(used_at=at).where(unused).execute()
    if not claimed or not Client.update(archived_at=None).where(free).execute():
        raise Conflict(gettext("This invitation was used a moment ago. Sign in with the password you chose."))
