"""A test message through real relays, one for each thing that may be wrong."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from appliance.certificates.self_signed import self_signed
from core.settings import Mail, Settings
from tests.webapp.outbox.test_mailer import Relay, free_port
from webapp.access.actor import SYSTEM
from webapp.audit.events import Action, Outcome
from webapp.audit.models import AuditEvent
from webapp.outbox import mailer
from webapp.outbox.trial import Tried, send_test

NOW = datetime.now(UTC)
PASSWORD = "a password of the relay"


class Choosy(Relay):
    """Passes nothing on to example.org."""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.endswith("@example.org"):
            return "550 no such user\x1b[31m here"
        envelope.rcpt_tos.append(address)
        return "250 fine"


def admitted(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.password == PASSWORD.encode(), handled=data.password == PASSWORD.encode())


@contextmanager
def relay(handler: Relay, **how: object) -> Iterator[Mail]:
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **how)  # type: ignore[arg-type]
    controller.start()
    try:
        yield Mail(host="127.0.0.1", port=controller.port, security="none", sender="visits@cedarhollow.example")
    finally:
        controller.stop()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A relay's own encryption, by nobody that we know."""
    pair = self_signed(("127.0.0.1",), at=NOW)
    (tmp_path / "both.pem").write_bytes(pair.chain + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


def tried(database: Settings, mail: Mail, to: str = "amara@cedarhollow.example") -> Tried:
    return send_test(replace(database, mail=mail), to, actor=SYSTEM, at=NOW)


def test_a_relay_that_takes_it_is_named_and_the_message_says_that_there_is_nothing_to_do(database: Settings) -> None:
    handler = Relay()
    with relay(handler) as mail:
        assert tried(database, mail) == Tried(
            True, "127.0.0.1 took the message. It should be with amara@cedarhollow.example in a minute."
        )
    [(to, message)] = handler.taken
    assert to == ["amara@cedarhollow.example"]
    assert "There is nothing to do." in message.get_content()
    row = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert (row.action, row.outcome, row.about) == (Action.MAIL_TESTED, Outcome.DONE, {})


def test_nothing_is_tried_without_a_relay_or_a_sender(database: Settings) -> None:
    assert "No mail relay is set" in tried(database, Mail()).sentence
    assert "name no sender" in tried(database, Mail(host="127.0.0.1")).sentence


# A relay on this machine, in this test alone.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_wrong_password_is_told_with_the_relays_own_words(database: Settings, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("wrong\n")
    with relay(Relay(), authenticator=admitted, auth_require_tls=False, auth_required=True) as mail:
        signed_in = replace(mail, username="clinic", password_file=str(file))
        told = tried(database, signed_in)
        assert not told.taken
        assert "127.0.0.1 does not take the account clinic or its password. It said: 535" in told.sentence
        assert "wrong" not in told.sentence
        file.write_text(PASSWORD + "\n")
        assert tried(database, signed_in).taken
        assert "does not take mail from visits@cedarhollow.example" in tried(database, mail).sentence
        missing = replace(signed_in, password_file=str(tmp_path / "none"))
        assert f"{tmp_path}/none, is not there or not readable" in tried(database, missing).sentence


def test_a_relay_that_wants_encryption_or_has_none_is_told(database: Settings, tls: ssl.SSLContext) -> None:
    with relay(Relay(), require_starttls=True, tls_context=tls) as mail:
        assert "it wants encryption" in tried(database, mail).sentence
        assert "is not to be trusted: " in tried(database, replace(mail, security="starttls")).sentence
        assert (
            "does not speak encryption from the first byte" in tried(database, replace(mail, security="tls")).sentence
        )
    with relay(Relay()) as mail:
        assert (
            "offers no encryption or no sign-in on this port"
            in tried(database, replace(mail, security="starttls")).sentence
        )


def test_the_port_for_encryption_from_the_first_byte_is_found_out(
    database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a relay waits for our greeting as we wait for its."""
    monkeypatch.setattr(mailer, "SEND_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mail = Mail(host="127.0.0.1", port=silent.getsockname()[1], sender="visits@cedarhollow.example")
        told = tried(database, mail).sentence
    assert "hung up or said nothing. If this is port 465, set security to “tls”" in told


def test_a_slip_in_the_name_or_the_port_is_told(database: Settings) -> None:
    nobody = Mail(host="127.0.0.1", port=free_port(), sender="visits@cedarhollow.example")
    assert "Nobody answers at 127.0.0.1:" in tried(database, nobody).sentence
    nowhere = replace(nobody, host="relay.invalid")
    assert "Nobody knows the name relay.invalid" in tried(database, nowhere).sentence


def test_an_address_that_the_relay_does_not_serve_is_told_without_control_characters(database: Settings) -> None:
    with relay(Choosy()) as mail:
        told = tried(database, mail, to="maren@example.org")
    assert told.sentence == "127.0.0.1 does not pass mail on to this address. It said: 550 no such user [31m here"


def test_a_refusal_at_the_end_is_told(database: Settings) -> None:
    handler = Relay()
    handler.answer = "554 policy"
    with relay(handler) as mail:
        assert tried(database, mail).sentence == "127.0.0.1 refused the message. It said: 554 policy"
    row = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert row.outcome is Outcome.REFUSED
