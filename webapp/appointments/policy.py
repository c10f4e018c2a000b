"""Who somebody is to an appointment; what that one may, the table says. Absent and not yours are the same answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.errors import NotFound
from webapp.access.actor import Actor, Role
from webapp.access.rules import ABSENT, On
from webapp.access.table import Act, Principal, Resource
from webapp.appointments import window
from webapp.appointments.models import Appointment, AppointmentClient, Status
from webapp.clients import policy as clients_policy
from webapp.clients.models import BreakGlass, Client, FamilyMember


@dataclass(frozen=True)
class ReadAppointment:
    """An appointment as one of its people sees it.

    *role* is their part: the provider's, or a client's, which family who act for *client* take too. *opening* is the
    emergency by which a provider reads who has no part in it.
    """

    appointment: Appointment
    clients: tuple[Client, ...]
    principal: Principal
    role: Role
    client: Client | None
    window: window.Window
    member: FamilyMember | None = None
    opening: BreakGlass | None = None

    @property
    def audit_clients(self) -> tuple[uuid.UUID, ...]:
        """Whose content this is, for the record: the asking client's, else that of everybody in it."""
        return tuple(uuid.UUID(str(client.id)) for client in ((self.client,) if self.client else self.clients))

    @property
    def audit_about(self) -> Mapping[str, uuid.UUID]:
        """By which emergency or by whose right it was opened, for the audit record."""
        return clients_policy.about(self.opening, self.member)

    @property
    def is_own(self) -> bool:
        """Whether the actor is the client themself, and not somebody who acts for them."""
        return self.principal is Principal.CLIENT_SELF

    def may(self, resource: Resource, act: Act) -> bool:
        """What else the same actor may do about this appointment."""
        return clients_policy.may_as(self.principal, self.member, resource, act)


def of_appointment(resource: Resource, act: Act) -> On[[uuid.UUID], ReadAppointment]:
    """The rule of an address about one appointment. Whether it can be entered now, ``window`` says."""

    def judge(actor: Actor, appointment_id: uuid.UUID) -> ReadAppointment:
        appointment = Appointment.get_or_none(Appointment.id == appointment_id)
        if appointment is None or actor.account is None:
            raise NotFound(ABSENT)
        read = _relation(actor, appointment)
        if not read.may(resource, act):
            raise NotFound(ABSENT)
        return read

    return On(resource, act, judge)


read_appointment = of_appointment(Resource.APPOINTMENT, Act.READ)


def _relation(actor: Actor, appointment: Appointment) -> ReadAppointment:
    clients = tuple(
        Client.select().join(AppointmentClient).where(AppointmentClient.appointment == appointment.id)
        .order_by(Client.sort_key)
    )  # fmt: skip
    if actor.role is Role.PROVIDER and appointment.provider_id == actor.account:
        day = _window(appointment, ZoneInfo(actor.time_zone))
        return ReadAppointment(appointment, clients, Principal.PROVIDER_ASSIGNED, Role.PROVIDER, None, day)
    near = _window(appointment)
    if actor.role is Role.PROVIDER:
        openings = [clients_policy.open_glass(actor, client.id) for client in clients]
        # Of a visit with several clients all must have been opened: its pages are about each of them.
        opening = openings[0] if openings and all(openings) else None
        principal = Principal.BREAK_GLASS if opening else Principal.PROVIDER_UNASSIGNED
        return ReadAppointment(appointment, clients, principal, Role.PROVIDER, None, near, opening=opening)
    if actor.role is not Role.CLIENT:
        principal = Principal.ADMIN if actor.role is Role.ADMIN else Principal.ANONYMOUS
        return ReadAppointment(appointment, clients, principal, actor.role, None, near)
    own = next((client for client in clients if client.account_id == actor.account), None)
    if own is not None:
        return ReadAppointment(appointment, clients, Principal.CLIENT_SELF, Role.CLIENT, own, near)
    here = {client.id: client for client in clients}
    member = next((each for each in clients_policy.acting_for(actor) if each.client_id in here), None)
    principal = Principal.FAMILY if member else Principal.CLIENT_OTHER
    client = here[member.client_id] if member else None
    return ReadAppointment(appointment, clients, principal, Role.CLIENT, client, near, member=member)


def _window(appointment: Appointment, zone: ZoneInfo | None = None) -> window.Window:
    facts = {
        "ended": appointment.status is Status.DONE,
        "cancelled": appointment.status is Status.CANCELLED,
    }
    if zone is None:
        return window.for_client(appointment.starts_at, appointment.minutes, **facts)
    return window.for_provider(appointment.starts_at, appointment.minutes, zone, **facts)
