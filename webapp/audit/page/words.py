"""What happened, in plain words: for the admins' page, and for the client whose record it was."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from webapp.access.actor import Role
from webapp.audit.events import Action, Outcome

# After the name of who did it: “Dr. Amara Okafor signed in”.
WORDS = {
    Action.ACCESS_DENIED: lazy_gettext("asked for something that is not theirs, and was refused"),
    Action.SIGNED_IN: lazy_gettext("signed in"),
    Action.SIGN_IN_FAILED: lazy_gettext("tried to sign in with a wrong password"),
    Action.SIGN_IN_SLOWED: lazy_gettext("tried so often that further tries have to wait"),
    Action.SIGNED_OUT: lazy_gettext("signed out"),
    Action.ROLE_SWITCHED: lazy_gettext("switched to another role"),
    Action.SESSION_ENDED: lazy_gettext("signed out another browser"),
    Action.ENDED_SESSION_SHOWN: lazy_gettext("came with the cookie of a session that had ended, and was refused"),
    Action.SECOND_FACTOR_ASKED: lazy_gettext("gave the right password, and was asked for a second factor"),
    Action.SECOND_FACTOR_FAILED: lazy_gettext("gave a wrong second factor"),
    Action.CONFIRMED: lazy_gettext("confirmed who they are"),
    Action.CONFIRM_FAILED: lazy_gettext("failed to confirm who they are"),
    Action.FACTOR_BEGUN: lazy_gettext("began to add a second factor"),
    Action.FACTOR_REFUSED: lazy_gettext("tried to add a second factor that did not fit"),
    Action.FACTOR_ADDED: lazy_gettext("added a second factor"),
    Action.FACTOR_RENAMED: lazy_gettext("renamed a second factor"),
    Action.FACTOR_REMOVED: lazy_gettext("removed a second factor"),
    Action.RECOVERY_CODES_MADE: lazy_gettext("made new recovery codes"),
    Action.RECOVERY_CODE_USED: lazy_gettext("used a recovery code"),
    Action.PASSKEY_USED: lazy_gettext("used a passkey"),
    Action.KEY_REFUSED_AS_COPY: lazy_gettext("showed a security key that may be a copy, and was refused"),
    Action.ACCOUNT_CREATED: lazy_gettext("made an account"),
    Action.PASSWORD_CHANGED: lazy_gettext("changed the password"),
    Action.PASSWORD_FORGOTTEN: lazy_gettext("asked for a new password"),
    Action.ADDRESS_CHANGE_ASKED: lazy_gettext("asked to change the e-mail address"),
    Action.ADDRESS_CHANGED: lazy_gettext("changed the e-mail address"),
    Action.PASSWORD_CHOSEN: lazy_gettext("chose a password"),
    Action.COLLEAGUE_INVITED: lazy_gettext("invited a colleague"),
    Action.COLLEAGUE_ROLES_GIVEN: lazy_gettext("changed the roles of a colleague"),
    Action.ACCOUNT_DISABLED: lazy_gettext("disabled a colleague"),
    Action.ACCOUNT_ENABLED: lazy_gettext("enabled a colleague again"),
    Action.RESET_STARTED: lazy_gettext("started a reset for a colleague"),
    Action.RESET_STOPPED: lazy_gettext("stopped a reset"),
    Action.MFA_REQUIRED: lazy_gettext("changed who must have a second factor"),
    Action.RECOVERY_STARTED: lazy_gettext("recovered an account at the console"),
    Action.PREFERENCES_SAVED: lazy_gettext("changed their preferences"),
    Action.SETUP_LINK_MADE: lazy_gettext("made a set-up link"),
    Action.SETUP_FINISHED: lazy_gettext("set the practice up"),
    Action.MAIL_TESTED: lazy_gettext("sent a test message through the mail relay"),
    Action.PRACTICE_SAVED: lazy_gettext("changed the practice profile"),
    Action.DEMO_SEEDED: lazy_gettext("put invented people in"),
    Action.HOME_VIEWED: lazy_gettext("opened the home page"),
    Action.CLIENT_CREATED: lazy_gettext("added a client"),
    Action.CLIENT_LISTED: lazy_gettext("looked at the list of clients"),
    Action.CLIENT_VIEWED: lazy_gettext("opened a client’s record"),
    Action.CLIENT_SAVED: lazy_gettext("changed a client’s record"),
    Action.CLIENT_ARCHIVED: lazy_gettext("archived a client"),
    Action.CLIENT_RESTORED: lazy_gettext("restored a client"),
    Action.CARE_TEAM_CHANGED: lazy_gettext("changed a care team"),
    Action.CLIENT_INVITED: lazy_gettext("invited a client"),
    Action.INVITATION_OPENED: lazy_gettext("opened an invitation"),
    Action.INVITATION_ACCEPTED: lazy_gettext("accepted an invitation"),
    Action.OPENINGS_VIEWED: lazy_gettext("looked at who opened their record"),
    Action.REGISTRATION_ASKED: lazy_gettext("asked to become a client"),
    Action.REGISTRATION_PROVED: lazy_gettext("proved the address with which they asked to become a client"),
    Action.REGISTRATIONS_VIEWED: lazy_gettext("looked at who asks to become a client"),
    Action.REGISTRATION_APPROVED: lazy_gettext("took on somebody who asked to become a client"),
    Action.REGISTRATION_DECLINED: lazy_gettext("declined somebody who asked to become a client"),
    Action.FAMILY_ADDED: lazy_gettext("let somebody act for a client"),
    Action.FAMILY_CHANGED: lazy_gettext("changed what somebody may do for a client"),
    Action.FAMILY_ENDED: lazy_gettext("ended somebody’s right to act for a client"),
    Action.FAMILY_INVITED: lazy_gettext("invited somebody to act for a client"),
    Action.FAMILY_INVITATION_OPENED: lazy_gettext("opened an invitation to act for a client"),
    Action.FAMILY_JOINED: lazy_gettext("accepted to act for a client"),
    Action.FAMILY_CHOSEN: lazy_gettext("chose for whom they see visits"),
    Action.BREAK_GLASS_OPENED: lazy_gettext("opened a record in an emergency"),
    Action.BREAK_GLASS_VIEWED: lazy_gettext("looked at an emergency"),
    Action.BREAK_GLASS_ENDED: lazy_gettext("ended an emergency"),
    Action.AUDIT_VIEWED: lazy_gettext("looked at the audit record"),
    Action.AUDIT_EXPORTED: lazy_gettext("exported the audit record"),
    Action.APPOINTMENT_CREATED: lazy_gettext("booked an appointment"),
    Action.APPOINTMENT_CANCELLED: lazy_gettext("cancelled an appointment"),
    Action.APPOINTMENT_VIEWED: lazy_gettext("opened an appointment"),
    Action.APPOINTMENT_MOVED: lazy_gettext("moved an appointment"),
    Action.SCHEDULE_VIEWED: lazy_gettext("looked at the practice’s appointments"),
    Action.APPOINTMENTS_LISTED: lazy_gettext("looked at their appointments"),
    Action.HISTORY_VIEWED: lazy_gettext("opened the appointment history"),
    Action.LOBBY_OPENED: lazy_gettext("came to a visit’s door"),
    Action.WAITING_STARTED: lazy_gettext("began to wait for a visit"),
    Action.WAITING_LEFT: lazy_gettext("stopped waiting for a visit"),
    Action.ADMITTED: lazy_gettext("let somebody into a visit"),
    Action.SENT_BACK: lazy_gettext("sent somebody back to the waiting room"),
    Action.ENTRY_GRANTED: lazy_gettext("entered a visit"),
    Action.CHAT_SENT: lazy_gettext("wrote in a visit’s chat"),
    Action.CHAT_READ: lazy_gettext("read a visit’s chat"),
    Action.VISIT_LEFT: lazy_gettext("left a visit"),
    Action.VISIT_ENDED: lazy_gettext("ended a visit"),
    Action.PUT_OUT: lazy_gettext("ended a place in a visit, as the right to it was over"),
    Action.VISIT_RECORDED: lazy_gettext("noted who was in a visit"),
    Action.BOX_ALERT: lazy_gettext("raised an alert"),
    Action.MAIL_SENT: lazy_gettext("sent a mail"),
    Action.MAIL_FAILED: lazy_gettext("could not send a mail"),
}

# The same for the client whose record it was; what is not here reads as above.
TO_CLIENT = {
    Action.CLIENT_CREATED: lazy_gettext("began your record"),
    Action.CLIENT_VIEWED: lazy_gettext("opened your record"),
    Action.CLIENT_SAVED: lazy_gettext("changed your record"),
    Action.CLIENT_ARCHIVED: lazy_gettext("archived your record"),
    Action.CLIENT_RESTORED: lazy_gettext("restored your record"),
    Action.CARE_TEAM_CHANGED: lazy_gettext("changed your care team"),
    Action.CLIENT_INVITED: lazy_gettext("invited you"),
    Action.FAMILY_ADDED: lazy_gettext("let somebody act for you"),
    Action.FAMILY_CHANGED: lazy_gettext("changed what somebody may do for you"),
    Action.FAMILY_ENDED: lazy_gettext("ended somebody’s right to act for you"),
    Action.FAMILY_INVITED: lazy_gettext("invited somebody to act for you"),
    Action.FAMILY_INVITATION_OPENED: lazy_gettext("opened an invitation to act for you"),
    Action.FAMILY_JOINED: lazy_gettext("accepted to act for you"),
    Action.FAMILY_CHOSEN: lazy_gettext("chose to see your visits"),
    Action.BREAK_GLASS_OPENED: lazy_gettext("opened your record in an emergency"),
    Action.BREAK_GLASS_VIEWED: lazy_gettext("looked at the emergency in which your record was opened"),
    Action.BREAK_GLASS_ENDED: lazy_gettext("closed your record after an emergency"),
    Action.APPOINTMENT_CREATED: lazy_gettext("booked an appointment with you"),
    Action.APPOINTMENT_CANCELLED: lazy_gettext("cancelled an appointment of yours"),
    Action.APPOINTMENT_MOVED: lazy_gettext("moved an appointment of yours"),
    Action.APPOINTMENT_VIEWED: lazy_gettext("opened an appointment of yours"),
    Action.HISTORY_VIEWED: lazy_gettext("opened your appointment history"),
    Action.LOBBY_OPENED: lazy_gettext("came to your visit’s door"),
    Action.ADMITTED: lazy_gettext("let you into a visit"),
    Action.ENTRY_GRANTED: lazy_gettext("entered your visit"),
    Action.CHAT_SENT: lazy_gettext("wrote in your visit’s chat"),
    Action.CHAT_READ: lazy_gettext("read your visit’s chat"),
    Action.VISIT_LEFT: lazy_gettext("left your visit"),
    Action.VISIT_ENDED: lazy_gettext("ended your visit"),
}


def happened(action: Action, outcome: Outcome) -> str:
    """What somebody did; that it was refused is said."""
    words = str(WORDS[action])
    told_already = action in _REFUSED_IN_WORDS
    return gettext("%(words)s (refused)", words=words) if outcome is Outcome.REFUSED and not told_already else words


def happened_to_you(action: Action) -> str:
    """The same, to the client whose record it was."""
    return str(TO_CLIENT.get(action, WORDS[action]))


def role_words(role: Role) -> str:
    """In which role."""
    return {
        Role.ANONYMOUS: gettext("not signed in"),
        Role.CLIENT: gettext("client"),
        Role.PROVIDER: gettext("provider"),
        Role.ADMIN: gettext("admin"),
        Role.SYSTEM: gettext("the box itself"),
    }[role]


_REFUSED_IN_WORDS = {
    Action.ACCESS_DENIED,
    Action.SIGN_IN_FAILED,
    Action.SIGN_IN_SLOWED,
    Action.SECOND_FACTOR_FAILED,
    Action.CONFIRM_FAILED,
    Action.KEY_REFUSED_AS_COPY,
    Action.MAIL_FAILED,
}
