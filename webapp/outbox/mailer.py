"""Sending mail: one sentence and a link, never a name or a clinical word, through the clinic's relay."""

from __future__ import annotations

import json
import smtplib
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.log import EventLog
from core.settings import Mail as MailSettings
from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.audit.events import Action, Event, Outcome
from webapp.db.unit import current_unit, housekeeping, unit
from webapp.outbox.models import Mail, MailTemplate

log = EventLog("wellhouse.mail")

SEND_TIMEOUT_S = 20
BATCH = 20
RETRY_MINUTES = (1, 5, 15, 60, 240, 720)  # then every twelve hours until it is a week old
GIVE_UP_AFTER = timedelta(days=7)

# Plain text for a mail reader, so nothing is escaped; values are links and times that the portal itself made.
_templates = Environment(  # noqa: S701  # not HTML
    loader=FileSystemLoader(Path(__file__).parent / "mails"), undefined=StrictUndefined, keep_trailing_newline=True
)


def post(to: str, template: MailTemplate, values: dict[str, str], *, at: datetime) -> uuid.UUID:
    """Put a mail into the outbox of the open unit; the worker sends it after the commit."""
    current_unit()
    mail = Mail.create(created_at=at, to=to, template=template, values=json.dumps(values), next_try_at=at)
    return uuid.UUID(str(mail.id))


def compose(mail: Mail, settings: Settings, *, at: datetime) -> EmailMessage:
    """The message: its first line is the subject, the rest the text."""
    return _message(settings, mail.id, mail.to, mail.template, json.loads(mail.values), at=at)


def _message(
    settings: Settings, number: uuid.UUID, to: str, template: MailTemplate, values: dict[str, str], *, at: datetime
) -> EmailMessage:
    text = _templates.get_template(f"{template.value}.txt").render(values)
    subject, _, body = text.partition("\n")
    message = EmailMessage()
    message["From"] = settings.mail.sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(at.timestamp())
    message["Message-ID"] = make_msgid(idstring=str(number), domain=settings.site.hostname)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.lstrip("\n"))
    return message


def send_due(settings: Settings, *, at: datetime) -> int:
    """Send what is due; the number of mails that the relay took. Without a relay nothing is lost, it waits."""
    if not settings.mail.host:
        return 0
    due = list(
        Mail.select(
            Mail.id, Mail.created_at, Mail.template, Mail.tries
        )  # nothing sealed: one that is damaged opens not
        .where(Mail.sent_at.is_null() & (Mail.next_try_at <= at))
        .order_by(Mail.next_try_at)
        .limit(BATCH)
    )
    sent = 0
    for mail in due:
        try:
            message = compose(Mail.get_by_id(mail.id), settings, at=at)
        except Exception as e:  # whatever is wrong with one mail, those behind it must go out
            log.exception("mail.not_composed", mail=mail.id)
            _put_off(mail, type(e).__name__, at=at)
            continue
        try:
            _hand_over(message, settings.mail)
        except (OSError, smtplib.SMTPException) as e:
            _put_off(mail, type(e).__name__, at=at)
        else:
            with unit(Event(Action.MAIL_SENT, SYSTEM, about={"mail": mail.id, "template": mail.template.value})):
                Mail.update(sent_at=at).where(Mail.id == mail.id).execute()
            sent += 1
    return sent


def send_now(settings: Settings, to: str, template: MailTemplate, values: dict[str, str], *, at: datetime) -> None:
    """Send one mail past the outbox: for the news that the database cannot be written. OSError or SMTPException."""
    message = _message(settings, uuid.uuid4(), to, template, values, at=at)
    _hand_over(message, settings.mail)


def greet(relay: MailSettings) -> None:
    """Come as far as to be let in by the relay, and leave. OSError or SMTPException says what it said."""
    with _let_in(relay) as smtp:
        smtp.noop()


def _hand_over(message: EmailMessage, relay: MailSettings) -> None:
    with _let_in(relay) as smtp:
        smtp.send_message(message)


@contextmanager
def _let_in(relay: MailSettings) -> Iterator[smtplib.SMTP]:
    """A conversation with *relay*, encrypted and signed in as the settings ask."""
    context = ssl.create_default_context()
    if relay.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, timeout=SEND_TIMEOUT_S, context=context)
    else:
        smtp = smtplib.SMTP(relay.host, relay.port, timeout=SEND_TIMEOUT_S)
    with smtp:
        if relay.security == "starttls":
            smtp.starttls(context=context)
        if relay.username:
            smtp.login(relay.username, Path(relay.password_file).read_text(encoding="utf-8").strip())
        yield smtp


def _put_off(mail: Mail, why: str, *, at: datetime) -> None:
    log.warning("mail.put_off", mail=mail.id, why=why, tries=mail.tries + 1)
    if at - mail.created_at > GIVE_UP_AFTER:
        with unit(Event(Action.MAIL_FAILED, SYSTEM, about={"mail": mail.id}, outcome=Outcome.REFUSED)):
            Mail.delete().where(Mail.id == mail.id).execute()
        return
    minutes = RETRY_MINUTES[min(mail.tries, len(RETRY_MINUTES) - 1)]
    with housekeeping("when a mail is tried again"):
        Mail.update(tries=mail.tries + 1, next_try_at=at + timedelta(minutes=minutes)).where(
            Mail.id == mail.id
        ).execute()
