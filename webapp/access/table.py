"""Who may do what: the one table. Policies find out who somebody is to a thing, and this page says what that one may.

docs/ACCESS.md is made from it (``wellhouse access``), and tests/webapp/matrix plays every cell with real requests.
Rights follow the active role: a person with two roles never has the sum of both. What is not named here is nobody's.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Principal(enum.StrEnum):
    """Who somebody is to the thing asked for. A column of the table."""

    ANONYMOUS = "anonymous"
    CLIENT_SELF = "client-self"
    CLIENT_OTHER = "client-other"
    FAMILY = "family"
    PROVIDER_ASSIGNED = "provider-assigned"
    PROVIDER_UNASSIGNED = "provider-unassigned"
    BREAK_GLASS = "break-glass"
    BILLING_ASSIGNED = "billing-assigned"
    ADMIN = "admin"


WORDS = {
    Principal.ANONYMOUS: "Somebody who has not signed in.",
    Principal.CLIENT_SELF: "The client whom it is about; for what is nobody's in particular, any client.",
    Principal.CLIENT_OTHER: "Another client.",
    Principal.FAMILY: "A guardian, partner or other person who acts for the client, as long as that right lasts.",
    Principal.PROVIDER_ASSIGNED: (
        "A provider of the client's care team; for an appointment and its visit, the provider who keeps it; for what "
        "is nobody's in particular, any provider."
    ),
    Principal.PROVIDER_UNASSIGNED: "A provider of the same practice to whom it is not assigned.",
    Principal.BREAK_GLASS: "Such a provider who has opened this client's record in an emergency, for 60 minutes.",
    Principal.BILLING_ASSIGNED: (
        "A provider whom the admin has assigned to Client Billing; adds to their other rights. Until there is Client "
        "Billing nobody is assigned, and this column is that of any provider."
    ),
    Principal.ADMIN: "An admin of the practice, in the admin role.",
}


class Right(enum.StrEnum):
    """What somebody who acts for a client was given leave to do."""

    APPOINTMENTS = "see appointments"
    VISITS = "join visits"


class Act(enum.StrEnum):
    """What is done with a resource."""

    OPEN = "open"
    USE = "see and change"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive and restore"
    INVITE = "invite"
    CANCEL = "cancel"
    JOIN = "join"
    ADMIT = "admit, send back, end"
    END = "end"
    CHOOSE = "choose"
    DECIDE = "approve and decline"
    EXPORT = "export"


class Resource(enum.StrEnum):
    """What there is to be protected."""

    DOOR = "The door: signing in, invitations, first set-up"
    OWN = "What is one's own: home page, account, password, second factors, sessions, live notices"
    CLIENT_LIST = "List of clients: names and contact"
    CLIENT_CONTACT = "Client profile: name and contact"
    CLIENT_RECORD = "Client profile: everything"
    CLIENT_SIGN_IN = "How a client signs in"
    CARE_TEAM = "Care team"
    REGISTRATION = "Registration: who asks to become a client"
    FAMILY = "Family: who acts for a client"
    BREAK_GLASS = "Break-glass grant"
    APPOINTMENT_LIST = "List of one's own appointments"
    SCHEDULE = "Appointments of the whole practice: when, who, with whom"
    APPOINTMENT = "Appointment: when, who, with whom"
    APPOINTMENT_REASON = "Appointment: the reason"
    VISIT = "Visit: lobby, waiting room, room, chat"
    CLIENT_HISTORY = "Appointment history of a client: when, with whom, how long"
    VISIT_HISTORY = "Appointment history: chat, attendance"
    WAITING = "Who waits at one's door"
    PRACTICE = "Practice profile"
    COLLEAGUES = "Colleagues: roles, second factors, invitations, resets"
    AUDIT = "Audit log"
    OWN_OPENINGS = "Audit log: who opened my record"


@dataclass(frozen=True)
class Row:
    """*allowed* may do *act*, nobody else; family only with *right*. *note* says what the columns cannot."""

    resource: Resource
    act: Act
    allowed: frozenset[Principal]
    right: Right | None = None
    note: str = ""


SELF = Principal.CLIENT_SELF
FAMILY = Principal.FAMILY
ASSIGNED = Principal.PROVIDER_ASSIGNED
UNASSIGNED = Principal.PROVIDER_UNASSIGNED
GLASS = Principal.BREAK_GLASS
ADMIN = Principal.ADMIN
EVERYBODY = frozenset(Principal)
SIGNED_IN = EVERYBODY - {Principal.ANONYMOUS}
PROVIDERS = frozenset({ASSIGNED, UNASSIGNED, GLASS, Principal.BILLING_ASSIGNED})


def _row(
    resource: Resource, act: Act, allowed: Iterable[Principal], *, right: Right | None = None, note: str = ""
) -> Row:
    return Row(resource, act, frozenset(allowed), right, note)


TABLE = (
    _row(Resource.DOOR, Act.OPEN, EVERYBODY, note="a password, a link's token or a key is what opens it"),
    _row(Resource.OWN, Act.USE, SIGNED_IN, note="each their own; what matters asks for a fresh proof"),
    _row(Resource.CLIENT_LIST, Act.READ, {ADMIN, *PROVIDERS}),
    _row(
        Resource.CLIENT_CONTACT,
        Act.CREATE,
        {ADMIN, *PROVIDERS},
        note="the provider is then on the care team; an admin says which provider is",
    ),
    _row(Resource.CLIENT_CONTACT, Act.READ, {SELF, ADMIN, *PROVIDERS}),
    _row(Resource.CLIENT_CONTACT, Act.UPDATE, {SELF, ASSIGNED, ADMIN}, note="clients: not their name"),
    _row(
        Resource.CLIENT_CONTACT,
        Act.ARCHIVE,
        {ASSIGNED, ADMIN},
        note="nothing is deleted, by anybody; the client goes on reading their own record",
    ),
    _row(Resource.CLIENT_RECORD, Act.READ, {SELF, ASSIGNED, GLASS}),
    _row(Resource.CLIENT_RECORD, Act.UPDATE, {SELF, ASSIGNED}, note="clients: not their birth date"),
    _row(Resource.CLIENT_RECORD, Act.INVITE, {ASSIGNED}),
    _row(
        Resource.CLIENT_SIGN_IN,
        Act.UPDATE,
        {ADMIN},
        note="starts a reset, with a fresh proof; never a password",
    ),
    _row(Resource.CARE_TEAM, Act.UPDATE, {ASSIGNED}),
    _row(Resource.REGISTRATION, Act.READ, {ADMIN, *PROVIDERS}),
    _row(
        Resource.REGISTRATION,
        Act.DECIDE,
        {ADMIN, *PROVIDERS},
        note="whoever is approved is invited; the chosen provider cares for them",
    ),
    _row(Resource.FAMILY, Act.CREATE, {ASSIGNED}),
    _row(Resource.FAMILY, Act.UPDATE, {ASSIGNED}),
    _row(Resource.FAMILY, Act.END, {ASSIGNED}),
    _row(Resource.FAMILY, Act.CHOOSE, {SELF, FAMILY}, right=Right.APPOINTMENTS, note="for whom one's lists are shown"),
    _row(
        Resource.BREAK_GLASS,
        Act.CREATE,
        {UNASSIGNED, GLASS, Principal.BILLING_ASSIGNED},
        note="with a reason and a fresh proof; for 60 minutes; admins and the care team are told",
    ),
    _row(Resource.BREAK_GLASS, Act.READ, {ADMIN}, note="the care team reads it on the client's profile"),
    _row(Resource.BREAK_GLASS, Act.END, {ADMIN}),
    _row(Resource.BREAK_GLASS, Act.CANCEL, {GLASS}, note="one's own, before the hour is over"),
    _row(Resource.APPOINTMENT_LIST, Act.READ, {SELF, FAMILY, *PROVIDERS}, right=Right.APPOINTMENTS),
    _row(Resource.SCHEDULE, Act.READ, {ADMIN}),
    _row(Resource.APPOINTMENT, Act.CREATE, {ASSIGNED}, note="with a client of whose care team they are"),
    _row(Resource.APPOINTMENT, Act.READ, {SELF, FAMILY, ASSIGNED, ADMIN}, right=Right.APPOINTMENTS),
    _row(
        Resource.APPOINTMENT,
        Act.UPDATE,
        {ASSIGNED, ADMIN},
        note="another time; admins also another provider, to whom that opens the appointment and not the record",
    ),
    _row(Resource.APPOINTMENT_REASON, Act.READ, {SELF, FAMILY, ASSIGNED}, right=Right.APPOINTMENTS),
    _row(Resource.APPOINTMENT, Act.CANCEL, {SELF, ASSIGNED}),
    _row(Resource.APPOINTMENT, Act.INVITE, {ASSIGNED}, note="a client of it, of whose care team they are"),
    _row(Resource.VISIT, Act.JOIN, {SELF, FAMILY, ASSIGNED}, right=Right.VISITS, note="clients once they are admitted"),
    _row(Resource.VISIT, Act.ADMIT, {ASSIGNED}),
    _row(Resource.CLIENT_HISTORY, Act.READ, {SELF, ASSIGNED, GLASS}),
    _row(
        Resource.VISIT_HISTORY,
        Act.READ,
        {SELF, FAMILY, ASSIGNED, GLASS},
        right=Right.VISITS,
        note="of the chat, clients and family read their own part",
    ),
    _row(Resource.WAITING, Act.READ, PROVIDERS),
    _row(Resource.PRACTICE, Act.READ, {ADMIN}, note="name, address and phone stand on every page; this is the form"),
    _row(Resource.PRACTICE, Act.UPDATE, {ADMIN}),
    _row(Resource.COLLEAGUES, Act.READ, {ADMIN}),
    _row(Resource.COLLEAGUES, Act.INVITE, {ADMIN}, note="with a fresh proof"),
    _row(
        Resource.COLLEAGUES,
        Act.UPDATE,
        {ADMIN},
        note="with a fresh proof; never a password; the last admin can be neither disabled nor lose the role",
    ),
    _row(Resource.AUDIT, Act.READ, {ADMIN}, note="ids and counts, never content; nobody changes it"),
    _row(Resource.AUDIT, Act.EXPORT, {ADMIN}, note="with a fresh proof"),
    _row(Resource.OWN_OPENINGS, Act.READ, {SELF}),
)

# Rows of things that do not exist yet: they give nobody anything. A sentence each, for docs/ACCESS.md.
NOT_BUILT = {
    "Client profile, by those who bill": "Name and billing contact; as providers they read name and contact already.",
    "Notes": "By type: client-visible, practice, care team, private. Written once; never changed, never deleted.",
    "Documents on a profile": "The client and colleagues add and read.",
    "Messages": "The people of the thread.",
    "Appointments, by colleagues": "Only whether somebody is busy.",
    "Invoices": "The client reads and pays; those who bill create and settle; admins all but create.",
    "Card data": "Entered at the processor; never kept. Those assigned to billing and admins see the last four digits.",
    "Processor credentials": "Admins, with a fresh proof; shown masked.",
    "Billing settings": "Admins change; those assigned to billing read.",
    "Provider profiles": "Public where listed; each their own; admins unlist.",
    "Practice profile, the public page": "Everybody, where it is listed.",
    "Services": "Admins create, enable and assign; providers read.",
    "Backups": "Admins see status, run and verify. Nothing is downloaded; restoring is for the console.",
    "System settings": "Admins, some of them, with a fresh proof.",
}

_CELLS = {(row.resource, row.act): row for row in TABLE}


def row_of(resource: Resource, act: Act) -> Row:
    """The row of *act* on *resource*; KeyError, at the import of the route that names it, if the table has none."""
    return _CELLS[resource, act]


def may(principal: Principal, resource: Resource, act: Act) -> bool:
    """Whether the table says yes."""
    return principal in row_of(resource, act).allowed
