"""Whether mail can leave: the relay is asked as for a mail, and none is sent."""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import datetime, timedelta

from core.settings import Mail as MailSettings
from webapp.outbox import mailer
from webapp.outbox.models import Mail

LONG = timedelta(hours=1)


def fault(relay: MailSettings) -> str:
    """The end of a sentence that begins with the relay's name, or empty if it lets the box in."""
    try:
        mailer.greet(relay)
    except (FileNotFoundError, PermissionError):
        return f"wants a password, and {relay.password_file} cannot be read."
    except smtplib.SMTPAuthenticationError as e:
        return f"refuses the account {relay.username} (it answers {e.smtp_code})."
    except smtplib.SMTPNotSupportedError:
        return f"does not offer what mail.security = {relay.security!r} or the account needs."
    except smtplib.SMTPException as e:
        return f"does not let the box in ({type(e).__name__})."
    except ssl.SSLCertVerificationError as e:
        return f"shows a certificate that is not trusted: {e.verify_message}."
    except ssl.SSLError:
        return f"does not speak TLS there as mail.security = {relay.security!r} expects."
    except socket.gaierror:
        return "has no address here: no name server knows it."
    except OSError as e:
        return f"does not answer: {e.strerror or e}."
    return ""


def waiting(*, at: datetime) -> int:
    """How many mails have not left for long."""
    return int(Mail.select().where(Mail.sent_at.is_null() & (Mail.created_at < at - LONG)).count())
