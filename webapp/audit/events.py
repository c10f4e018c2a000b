"""Everything that is recorded, on one page. A new kind of event is a new line here."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.access.actor import Actor


class Action(enum.StrEnum):
    """What happened. The words are stable: they are in the record for years."""

    # access
    ACCESS_DENIED = "access.denied"
    # account
    SIGNED_IN = "account.signed_in"
    SIGN_IN_FAILED = "account.sign_in_failed"
    SIGN_IN_SLOWED = "account.sign_in_slowed"
    SIGNED_OUT = "account.signed_out"
    ROLE_SWITCHED = "account.role_switched"
    SESSION_ENDED = "account.session_ended"
    ENDED_SESSION_SHOWN = "account.ended_session_shown"
    SECOND_FACTOR_ASKED = "account.second_factor_asked"
    SECOND_FACTOR_FAILED = "account.second_factor_failed"
    CONFIRMED = "account.confirmed"
    CONFIRM_FAILED = "account.confirm_failed"
    FACTOR_BEGUN = "account.factor_begun"
    FACTOR_REFUSED = "account.factor_refused"
    FACTOR_ADDED = "account.factor_added"
    FACTOR_RENAMED = "account.factor_renamed"
    FACTOR_REMOVED = "account.factor_removed"
    RECOVERY_CODES_MADE = "account.recovery_codes_made"
    RECOVERY_CODE_USED = "account.recovery_code_used"
    PASSKEY_USED = "account.passkey_used"
    KEY_REFUSED_AS_COPY = "account.key_refused_as_copy"
    ACCOUNT_CREATED = "account.created"
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105  # a word of the record
    PASSWORD_FORGOTTEN = "account.password_forgotten"  # noqa: S105  # a word of the record
    ADDRESS_CHANGE_ASKED = "account.address_change_asked"
    ADDRESS_CHANGED = "account.address_changed"
    PASSWORD_CHOSEN = "account.password_chosen"  # noqa: S105  # the name of an event
    # colleagues
    COLLEAGUE_INVITED = "colleague.invited"
    COLLEAGUE_ROLES_GIVEN = "colleague.roles_given"
    ACCOUNT_DISABLED = "colleague.disabled"
    ACCOUNT_ENABLED = "colleague.enabled"
    RESET_STARTED = "colleague.reset_started"
    RESET_STOPPED = "colleague.reset_stopped"
    MFA_REQUIRED = "colleague.mfa_required"
    RECOVERY_STARTED = "console.recovery_started"
    PREFERENCES_SAVED = "account.preferences_saved"
    # set-up and practice
    SETUP_LINK_MADE = "setup.link_made"
    SETUP_FINISHED = "setup.finished"
    PRACTICE_SAVED = "practice.saved"
    DEMO_SEEDED = "demo.seeded"
    # home
    HOME_VIEWED = "desk.home_viewed"
    # clients
    CLIENT_CREATED = "client.created"
    CLIENT_LISTED = "client.listed"
    CLIENT_VIEWED = "client.viewed"
    CLIENT_SAVED = "client.saved"
    CLIENT_ARCHIVED = "client.archived"
    CLIENT_RESTORED = "client.restored"
    CARE_TEAM_CHANGED = "client.care_team_changed"
    CLIENT_INVITED = "client.invited"
    INVITATION_OPENED = "client.invitation_opened"
    INVITATION_ACCEPTED = "client.invitation_accepted"
    OPENINGS_VIEWED = "client.openings_viewed"
    # people who ask to become clients
    REGISTRATION_ASKED = "registration.asked"
    REGISTRATION_PROVED = "registration.proved"
    REGISTRATIONS_VIEWED = "registration.viewed"
    REGISTRATION_APPROVED = "registration.approved"
    REGISTRATION_DECLINED = "registration.declined"
    # families
    FAMILY_ADDED = "family.added"
    FAMILY_CHANGED = "family.changed"
    FAMILY_ENDED = "family.ended"
    FAMILY_INVITED = "family.invited"
    FAMILY_INVITATION_OPENED = "family.invitation_opened"
    FAMILY_JOINED = "family.joined"
    FAMILY_CHOSEN = "family.chosen"
    # emergencies
    BREAK_GLASS_OPENED = "break_glass.opened"
    BREAK_GLASS_VIEWED = "break_glass.viewed"
    BREAK_GLASS_ENDED = "break_glass.ended"
    # the audit record itself
    AUDIT_VIEWED = "audit.viewed"
    AUDIT_EXPORTED = "audit.exported"
    # appointments
    APPOINTMENT_CREATED = "appointment.created"
    APPOINTMENT_CANCELLED = "appointment.cancelled"
    APPOINTMENT_MOVED = "appointment.moved"
    APPOINTMENT_VIEWED = "appointment.viewed"
    APPOINTMENTS_LISTED = "appointment.listed"
    SCHEDULE_VIEWED = "appointment.schedule_viewed"
    HISTORY_VIEWED = "appointment.history_viewed"
    # the visit
    LOBBY_OPENED = "visit.lobby_opened"
    WAITING_STARTED = "visit.waiting_started"
    WAITING_LEFT = "visit.waiting_left"
    ADMITTED = "visit.admitted"
    SENT_BACK = "visit.sent_back"
    ENTRY_GRANTED = "visit.entry_granted"
    CHAT_SENT = "visit.chat_sent"
    CHAT_READ = "visit.chat_read"
    VISIT_LEFT = "visit.left"
    VISIT_ENDED = "visit.ended"
    PUT_OUT = "visit.put_out"
    VISIT_RECORDED = "visit.recorded"
    # the box
    BOX_ALERT = "box.alert"
    MAIL_SENT = "mail.sent"
    MAIL_TESTED = "mail.tested"
    MAIL_FAILED = "mail.failed"


class Outcome(enum.StrEnum):
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Event:
    """One line of the record. *client* is whose content it concerns; *about* holds ids and counts, never words."""

    action: Action
    actor: Actor
    client: uuid.UUID | None = None
    about: Mapping[str, uuid.UUID | int | str] = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
