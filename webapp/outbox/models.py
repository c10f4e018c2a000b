"""Rows written in the unit of work and sent after it."""

from __future__ import annotations

import enum

import peewee

from webapp.db.database import db
from webapp.db.fields import Choice, Moment, Of, Row, SealedText


class NoticeKind(enum.StrEnum):
    """What a browser may be told to look at again. Never content."""

    WAITING = "waiting"  # somebody waits, or no longer does
    ADMITTED = "admitted"
    SENT_BACK = "sent_back"
    VISIT_ENDED = "visit_ended"
    CHAT = "chat"
    APPOINTMENT = "appointment"
    BREAK_GLASS = "break_glass"
    REGISTRATION = "registration"


class Notice(peewee.Model):
    """Tells *account*'s open pages that *thing* has news. Numbers are in commit order."""

    id = peewee.BigAutoField()
    at = Moment(index=True)
    account = peewee.UUIDField(index=True)
    kind = Choice(NoticeKind)
    thing = peewee.UUIDField()

    class Meta:
        database = db
        legacy_table_names = False


class MailTemplate(enum.StrEnum):
    """The allow-list of mails. Each is webapp/outbox/mails/<name>.txt and holds no clinical word and no name."""

    INVITATION = "invitation"
    APPOINTMENT = "appointment"
    BREAK_GLASS = "break_glass"
    BOX_ALERT = "box_alert"
    TEST_MESSAGE = "test_message"
    SIGN_IN_CHANGED = "sign_in_changed"
    KEY_REFUSED = "key_refused"
    PASSWORD_FORGOTTEN = "password_forgotten"  # noqa: S105  # a file's name
    RECOVERED_AT_CONSOLE = "recovered_at_console"
    PROVE_ADDRESS = "prove_address"
    RESET_STARTED = "reset_started"
    ADMIN_RESET = "admin_reset"
    MFA_REQUIRED = "mfa_required"
    MFA_RULE_CHANGED = "mfa_rule_changed"
    REGISTRATION_PROVE = "registration_prove"
    REGISTRATION_KNOWN = "registration_known"
    REGISTRATION_DECLINED = "registration_declined"


class Mail(Row):
    """A mail to send; kept until the relay has taken it."""

    created_at = Moment()
    to = SealedText(of=Of.ACCOUNT)
    template = Choice(MailTemplate)
    values = SealedText(of=Of.ACCOUNT)  # JSON: only links and times
    tries = peewee.IntegerField(default=0)
    next_try_at = Moment(index=True)
    sent_at = Moment(null=True, index=True)
