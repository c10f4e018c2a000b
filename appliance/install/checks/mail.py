"""The mail relay: that it answers, and takes the account. Never in the way: relays are often set up on another day."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator

from appliance.checks.finding import Finding, ok, warning
from appliance.install.answers import Relay
from appliance.install.checks.plan import Plan

_WITHIN_S = 8.0


def check(plan: Plan) -> Iterator[Finding]:
    relay, password = plan.answers.relay, plan.answers.smtp_password
    if relay is None:
        yield warning(
            "Without a mail relay nobody is invited, reminded or alerted by mail.", "Name one when there is one."
        )
    else:
        yield tried(relay, password.text if password else None)


def tried(relay: Relay, password: str | None) -> Finding:
    """What the relay says to us. *password* None: signing in is not tried."""
    place = f"{relay.host}:{relay.port}"
    try:
        with _connected(relay) as smtp:
            if relay.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if relay.username and password is not None:
                smtp.login(relay.username, password)
    except smtplib.SMTPAuthenticationError:
        return warning(f"The mail relay {place} does not take the account {relay.username}.", "Correct the password.")
    except ssl.SSLCertVerificationError as e:
        return warning(
            f"The mail relay's certificate is not trusted: {e.verify_message}.", "Take the name that it is for."
        )
    except smtplib.SMTPNotSupportedError:
        return warning(f"The mail relay {place} offers no STARTTLS.", "Take its port for TLS, often 465.")
    except (smtplib.SMTPException, OSError) as e:
        why = e.strerror if isinstance(e, OSError) and e.strerror else str(e) or "no answer"
        return warning(f"The mail relay {place} does not answer: {why}.", "Correct it, or open the way to it.")
    return ok(f"The mail relay {place} answers.")


def _connected(relay: Relay) -> smtplib.SMTP:
    if relay.security == "tls":
        return smtplib.SMTP_SSL(relay.host, relay.port, timeout=_WITHIN_S, context=ssl.create_default_context())
    return smtplib.SMTP(relay.host, relay.port, timeout=_WITHIN_S)
