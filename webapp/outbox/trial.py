"""A test message through the clinic's relay, and in words what came of it."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from core.settings import Mail as Relay
from core.settings import Settings
from webapp.access.actor import Actor
from webapp.audit.events import Action, Event, Outcome
from webapp.db.unit import unit
from webapp.outbox import mailer
from webapp.outbox.models import MailTemplate

SAID_MAX = 200  # characters of the relay's own words


@dataclass(frozen=True)
class Tried:
    """*sentence* says what happened and, where it was not taken, what to do."""

    taken: bool
    sentence: str


def send_test(settings: Settings, to: str, *, actor: Actor, at: datetime) -> Tried:
    """Send a test message to *to* now, through the relay of the settings and no other, and record that it was tried."""
    tried = _send(settings, to, at=at)
    with unit(Event(Action.MAIL_TESTED, actor, outcome=Outcome.DONE if tried.taken else Outcome.REFUSED)):
        pass  # nothing but the record
    return tried


def _send(settings: Settings, to: str, *, at: datetime) -> Tried:
    relay = settings.mail
    if not relay.host:
        return Tried(False, gettext("No mail relay is set, so there is nothing to try."))
    if not relay.sender:
        return Tried(False, gettext("The settings name no sender: write the clinic's address as sender under [mail]."))
    try:
        mailer.send_now(settings, to, MailTemplate.TEST_MESSAGE, {"host": settings.site.hostname}, at=at)
    except (OSError, smtplib.SMTPException) as e:
        return Tried(False, what_is_wrong(e, relay))
    return Tried(
        True, gettext("%(host)s took the message. It should be with %(to)s in a minute.", host=relay.host, to=to)
    )


def what_is_wrong(error: OSError | smtplib.SMTPException, relay: Relay) -> str:
    """What stopped a mail to *relay*, and the setting to look at."""
    place = f"{relay.host}:{relay.port}"
    if isinstance(error, smtplib.SMTPException):
        return _refused(error, relay, place)
    if isinstance(error, socket.gaierror):
        return gettext("Nobody knows the name %(host)s. Look for a slip in the relay's name.", host=relay.host)
    if isinstance(error, ConnectionRefusedError):
        return gettext(
            "Nobody answers at %(place)s. Look for a slip in the port: it is usually 587, or 465 with security “tls”.",
            place=place,
        )
    if isinstance(error, TimeoutError):
        return gettext(
            "%(place)s cannot be reached: it did not answer in time. A firewall may hold back mail on this port.",
            place=place,
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return gettext(
            "The certificate of %(host)s is not to be trusted: %(why)s. Use the name that the certificate is for.",
            host=relay.host,
            why=error.verify_message,
        )
    if isinstance(error, ssl.SSLError):
        return gettext(
            "%(place)s does not speak encryption from the first byte. Set security to “starttls”, often port 587.",
            place=place,
        )
    if isinstance(error, PermissionError | FileNotFoundError) and error.filename:
        return gettext(
            "The file with the relay's password, %(file)s, is not there or not readable for the portal.",
            file=str(error.filename),
        )
    return gettext("The way to %(place)s is closed: %(why)s.", place=place, why=error.strerror or str(error))


def _refused(error: smtplib.SMTPException, relay: Relay, place: str) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return gettext(
            "%(host)s does not take the account %(name)s or its password. It said: %(said)s",
            host=relay.host,
            name=relay.username,
            said=_said(error),
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return gettext(
            "%(place)s offers no encryption or no sign-in on this port. Try port 465 with security “tls”.", place=place
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return gettext(
            "%(host)s does not pass mail on to this address. It said: %(said)s",
            host=relay.host,
            said=_plain(code, said),
        )
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return gettext(
            "%(place)s hung up or said nothing. If this is port 465, set security to “tls”; else a firewall may hold "
            "back mail on this port.",
            place=place,
        )
    if isinstance(error, smtplib.SMTPSenderRefused):
        return gettext(
            "%(host)s does not take mail from %(sender)s: it wants encryption, a sign-in or another sender. It said: "
            "%(said)s",
            host=relay.host,
            sender=relay.sender,
            said=_said(error),
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return gettext("%(host)s refused the message. It said: %(said)s", host=relay.host, said=_said(error))
    return gettext("%(place)s does not answer like a mail relay: %(why)s", place=place, why=str(error)[:SAID_MAX])


def _said(error: smtplib.SMTPResponseException) -> str:
    return _plain(error.smtp_code, error.smtp_error)


def _plain(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {''.join(letter if letter.isprintable() else ' ' for letter in text)[:SAID_MAX]}"
