"""Mail through a real relay: once, neutral, kept until it was taken."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from core.settings import Settings
from webapp.access.actor import SYSTEM
from webapp.audit.events import Action, Event
from webapp.audit.models import AuditEvent
from webapp.db.database import db
from webapp.db.unit import housekeeping, unit
from webapp.outbox import mailer, purge
from webapp.outbox.models import Mail, MailTemplate

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
LINK = "https://localhost/invitation?key=abc"


class Relay:
    """Takes mail and keeps it. *answer* is what it says to the next ones."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.answer = "250 taken"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
            self.taken.append((envelope.rcpt_tos, message))
        return self.answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture
def settings_with_relay(database: Settings, relay: Relay) -> Iterator[Settings]:
    controller = Controller(relay, hostname="127.0.0.1", port=free_port())
    controller.start()
    mail = replace(
        database.mail, host="127.0.0.1", port=controller.port, security="none", sender="visits@cedarhollow.example"
    )
    yield replace(database, mail=mail)
    controller.stop()


def post(to: str = "maren@example.org", template: MailTemplate = MailTemplate.INVITATION) -> uuid.UUID:
    with unit(Event(Action.CLIENT_INVITED, SYSTEM)):
        return mailer.post(to, template, {"link": LINK, "expires": "March 19"}, at=NOON)


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def test_mail_reaches_the_relay_once_and_is_recorded(settings_with_relay: Settings, relay: Relay) -> None:
    mail = post()
    assert mailer.send_due(settings_with_relay, at=NOON) == 1
    assert mailer.send_due(settings_with_relay, at=NOON + minutes(60)) == 0
    [(to, message)] = relay.taken
    assert to == ["maren@example.org"]
    assert (message["From"], message["To"]) == ("visits@cedarhollow.example", "maren@example.org")
    assert message["Subject"] == "You have an invitation"
    assert LINK in message.get_content()
    assert str(mail) in message["Message-ID"]
    row = AuditEvent.select().order_by(AuditEvent.sequence.desc()).get()
    assert (row.action, row.about) == (Action.MAIL_SENT, {"mail": str(mail), "template": "invitation"})


@pytest.mark.parametrize("template", list(MailTemplate))
def test_every_mail_has_a_subject_and_no_word_about_health(database: Settings, template: MailTemplate) -> None:
    text = (Path(mailer.__file__).parent / "mails" / f"{template.value}.txt").read_text(encoding="utf-8")
    subject, _, body = text.partition("\n")
    assert 10 < len(subject) < 60
    assert "{{" not in subject
    assert len(body.strip()) > 40
    clinical = (
        "therap",
        "treat",
        "diagnos",
        "patient",
        "clinical",
        "session",
        "appointment",
        "doctor",
        "dr.",
        "health",
    )
    assert [word for word in clinical if word in text.lower()] == []


def test_mail_of_a_unit_that_rolled_back_is_never_sent(settings_with_relay: Settings, relay: Relay) -> None:
    def act() -> None:
        with unit(Event(Action.CLIENT_INVITED, SYSTEM)):
            mailer.post("maren@example.org", MailTemplate.INVITATION, {"link": LINK, "expires": ""}, at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert mailer.send_due(settings_with_relay, at=NOON) == 0
    assert relay.taken == []
    with pytest.raises(RuntimeError, match="inside a unit"):
        mailer.post("maren@example.org", MailTemplate.INVITATION, {}, at=NOON)


def test_refused_mail_is_tried_again_later_and_later(settings_with_relay: Settings, relay: Relay) -> None:
    post()
    relay.answer = "451 come back later"
    at = NOON
    for wait in mailer.RETRY_MINUTES:
        assert mailer.send_due(settings_with_relay, at=at) == 0
        assert Mail.get().next_try_at == at + minutes(wait)
        assert mailer.send_due(settings_with_relay, at=at + minutes(wait) - timedelta(seconds=1)) == 0
        at += minutes(wait)
    relay.answer = "250 taken"
    assert mailer.send_due(settings_with_relay, at=at) == 1


def test_relay_that_is_down_loses_nothing(database: Settings) -> None:
    post()
    mail = replace(database.mail, host="127.0.0.1", port=free_port(), security="none", sender="v@example.org")
    assert mailer.send_due(replace(database, mail=mail), at=NOON) == 0
    assert Mail.get().tries == 1


def test_without_a_relay_mail_waits_untouched(database: Settings) -> None:
    post()
    assert mailer.send_due(database, at=NOON) == 0
    assert Mail.get().tries == 0


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_relay_without_encryption_gets_nothing_when_the_settings_demand_it(
    settings_with_relay: Settings, relay: Relay, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "SEND_TIMEOUT_S", 1)
    post()
    demanding = replace(settings_with_relay, mail=replace(settings_with_relay.mail, security=security))
    assert mailer.send_due(demanding, at=NOON) == 0
    assert relay.taken == []
    assert Mail.get().tries == 1


def test_relay_is_told_name_and_password_from_the_file(database: Settings, relay: Relay, tmp_path: Path) -> None:
    told: list[tuple[bytes, bytes]] = []

    def judge(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: LoginPassword) -> AuthResult:
        told.append((data.login, data.password))
        return AuthResult(success=True)

    controller = Controller(relay, hostname="127.0.0.1", port=free_port(), authenticator=judge, auth_require_tls=False)
    controller.start()
    password = tmp_path / "relay-password"
    password.write_text("kettle-orange\n")
    mail = replace(
        database.mail, host="127.0.0.1", port=controller.port, security="none", sender="v@example.org",
        username="cedar", password_file=str(password),
    )  # fmt: skip
    post()
    assert mailer.send_due(replace(database, mail=mail), at=NOON) == 1
    controller.stop()
    assert set(told) == {(b"cedar", b"kettle-orange")}


def test_mail_that_nobody_takes_for_a_week_is_given_up_and_recorded(
    settings_with_relay: Settings, relay: Relay
) -> None:
    post()
    relay.answer = "550 no such box"
    assert mailer.send_due(settings_with_relay, at=NOON + mailer.GIVE_UP_AFTER) == 0
    assert Mail.select().exists()
    assert mailer.send_due(settings_with_relay, at=NOON + mailer.GIVE_UP_AFTER + timedelta(days=1)) == 0
    assert not Mail.select().exists()
    assert AuditEvent.select().order_by(AuditEvent.sequence.desc()).get().action is Action.MAIL_FAILED


def break_seal(_mail: uuid.UUID) -> None:
    with housekeeping("this test's damage"):
        db.execute_sql('UPDATE "mail" SET "values" = "to"')


def lose_value(mail: uuid.UUID) -> None:
    with housekeeping("this test's damage"):
        Mail.update(values="{}").where(Mail.id == mail).execute()


def forge_address(mail: uuid.UUID) -> None:
    with housekeeping("this test's damage"):
        Mail.update(to="maren@example.org\r\nBcc: e@e.example").where(Mail.id == mail).execute()


@pytest.mark.parametrize("damage", [break_seal, lose_value, forge_address])
def test_damaged_mail_does_not_hold_up_those_behind_it(
    settings_with_relay: Settings, relay: Relay, damage: object
) -> None:
    damage(post())  # type: ignore[operator]
    post("rosa@example.org")
    assert mailer.send_due(settings_with_relay, at=NOON) == 1
    assert [to for to, _ in relay.taken] == [["rosa@example.org"]]


def test_sent_mail_is_forgotten_after_a_week_with_the_links_in_it(settings_with_relay: Settings) -> None:
    post()
    mailer.send_due(settings_with_relay, at=NOON)
    post("rosa@example.org")
    assert purge.sent_mails(at=NOON + timedelta(days=6)) == 0
    assert purge.sent_mails(at=NOON + timedelta(days=7)) == 1
    assert [mail.to for mail in Mail.select()] == ["rosa@example.org"]


def test_mail_lies_sealed(database: Settings) -> None:
    post()
    to, values = db.execute_sql('SELECT "to", "values" FROM "mail"').fetchone()
    for sealed in (bytes(to), bytes(values)):
        assert b"maren" not in sealed
        assert b"invitation" not in sealed
