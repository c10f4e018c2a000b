"""“wellhouse check” names what is wrong around the box: its backups, the relay, the names, the operating system."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from appliance.backup.schedule import Target
from appliance.backup.state import Kept, State, workplace, write_state
from appliance.box import Box
from appliance.checks import system
from appliance.checks.finding import Level
from appliance.commands.check import SUBJECTS
from appliance.troubles import Trouble
from core.settings import Mail, Settings
from tests.appliance.folder import wellhouse
from tests.appliance.test_check import box, said, template

__all__ = ["box", "template"]

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


# Backups


@pytest.fixture
def backed(box: Box) -> Box:
    """A box whose backups are as they should be: at a NAS, proved last night."""
    target = "sftp:backup@nas.invalid:/box"
    settings = replace(box.settings, backup=replace(box.settings.backup, targets=(target,)))
    kept = Kept(7, "0badcafe", NOW - 0.5 * HOUR, NOW)
    write_state(settings, State(7, {target: kept}))
    _write_keeper(settings, Target(proved_at=NOW - 12 * HOUR))
    return Box(box.config, settings)


def _write_keeper(settings: Settings, target: Target) -> None:
    file = workplace(settings) / "keeper.json"
    file.write_bytes(msgspec.json.encode({settings.backup.targets[0]: target}))


def _aged(settings: Settings, hours: float) -> None:
    kept = Kept(7, "0badcafe", NOW - hours * HOUR, NOW)
    write_state(settings, State(7, {settings.backup.targets[0]: kept}))


def _in_trouble(settings: Settings) -> None:
    trouble = Trouble("The backup does not work. It is full.", NOW - 2 * HOUR)
    (workplace(settings) / "troubles.json").write_bytes(
        msgspec.json.encode({f"save {settings.backup.targets[0]}": trouble})
    )


PLANTED: dict[str, tuple[Callable[[Settings], None], Level, str]] = {
    "none taken": (lambda settings: write_state(settings, State()), Level.ERROR, "has not taken a backup yet"),
    "two hours old": (lambda settings: _aged(settings, 2), Level.WARNING, "though one is due every hour"),
    "a day old": (lambda settings: _aged(settings, 24), Level.ERROR, "what happened since would be lost"),
    "of next year": (lambda settings: _aged(settings, -9000), Level.ERROR, "the clock was wrong then, or is now"),
    "a drill that is late": (
        lambda settings: _write_keeper(settings, Target(proved_at=NOW - 60 * HOUR)),
        Level.ERROR,
        "though each night is due",
    ),
    "a trouble that lasts": (_in_trouble, Level.ERROR, "It is full. (since"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_backups_that_are_not_as_they_should_be_are_told(backed: Box, what: str) -> None:
    plant, level, sentence = PLANTED[what]
    assert said("backup", backed, Level.ERROR) + said("backup", backed, Level.WARNING) == ""
    plant(backed.settings)
    assert sentence in said("backup", backed, level)


def test_damaged_notes_of_the_backups_are_a_finding_and_end_no_other_look(backed: Box) -> None:
    (workplace(backed.settings) / "state.json").write_text("\x1b[2J{")
    assert "damaged" in said("backup", backed, Level.ERROR)


def test_box_without_backups_is_told(box: Box) -> None:
    assert "There are no backups" in said("backup", box, Level.WARNING)


def test_backup_on_the_disk_of_the_data_is_told(backed: Box, tmp_path: Path) -> None:
    beside = replace(backed.settings.backup, targets=(str(Path(backed.settings.paths.data) / "copies"),))
    told = said("backup", Box(backed.config, replace(backed.settings, backup=beside)), Level.WARNING)
    assert "lies on the disk of the data itself" in told


def test_credentials_of_a_target_that_are_missing_are_told(backed: Box) -> None:
    lost = replace(backed.settings.backup, credentials_file="/nowhere/accounts")
    assert "/nowhere/accounts" in said("backup", Box(backed.config, replace(backed.settings, backup=lost)), Level.ERROR)


# Mail


class _Relay:
    def __init__(self) -> None:
        self.mails = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd
        self.mails += 1
        return "250 taken"


def _knows(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def relay() -> Iterator[tuple[_Relay, Mail]]:
    """A relay that wants the password “right”, and the settings for it without one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    taking = _Relay()
    controller = Controller(taking, hostname="127.0.0.1", port=port, authenticator=_knows, auth_require_tls=False)
    controller.start()
    yield (
        taking,
        Mail(host="127.0.0.1", port=port, security="none", sender="box@clinic.example", alerts_to="it@clinic.example"),
    )
    controller.stop()


def with_mail(box: Box, mail: Mail) -> Box:
    """The same box with this relay, also in its file: the relay is asked by the portal's account."""
    lines = [f'host = "{mail.host}"', f"port = {mail.port}", f'security = "{mail.security}"']
    lines += [f'{name} = "{getattr(mail, name)}"' for name in ("sender", "alerts_to", "username", "password_file")]
    text = box.config.read_text(encoding="utf-8")
    head, _, rest = text.partition("[mail]\n")
    after = "\n[" + rest.partition("\n[")[2] if "\n[" in rest else ""
    box.config.write_text(f"{head}[mail]\n" + "\n".join(lines) + after + "\n", encoding="utf-8")
    return Box(box.config, replace(box.settings, mail=mail))


def test_relay_that_lets_the_box_in_is_told_and_gets_no_mail(
    box: Box, relay: tuple[_Relay, Mail], tmp_path: Path
) -> None:
    taking, mail = relay
    (tmp_path / "password").write_text("right\n")
    asked = with_mail(box, replace(mail, username="box", password_file=str(tmp_path / "password")))
    assert "lets the box in" in said("mail", asked, Level.OK)
    assert taking.mails == 0


def test_relay_that_refuses_the_account_is_told(box: Box, relay: tuple[_Relay, Mail], tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong\n")
    asked = with_mail(box, replace(relay[1], username="box", password_file=str(tmp_path / "password")))
    assert "refuses the account box (it answers 535)" in said("mail", asked, Level.ERROR)


def test_relay_without_the_encryption_that_is_asked_for_is_told(box: Box, relay: tuple[_Relay, Mail]) -> None:
    asked = with_mail(box, replace(relay[1], security="starttls"))
    assert "does not offer what mail.security" in said("mail", asked, Level.ERROR)


def test_relay_that_does_not_answer_is_told(box: Box) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        asked = with_mail(box, Mail(host="127.0.0.1", port=probe.getsockname()[1], security="none", sender="a@b.c"))
        assert "does not answer" in said("mail", asked, Level.ERROR)
    assert "Nobody is told" in said("mail", asked, Level.WARNING)


def test_box_without_a_relay_is_told_unless_it_is_a_demonstration(box: Box) -> None:
    assert "There is no mail relay" in said("mail", box, Level.WARNING)
    demo = replace(box.settings, site=replace(box.settings.site, demo=True))
    assert said("mail", Box(box.config, demo), Level.WARNING) == ""


# Names


def test_name_that_leads_elsewhere_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a move to another machine; asked of the system's own resolver, which is given an answer here."""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.77", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)
    site = replace(box.settings.site, hostname="clinic.example")
    told = said("dns", Box(box.config, replace(box.settings, site=site)), Level.WARNING)
    assert "clinic.example leads to 203.0.113.77 from here, which is not this machine" in told


# The operating system

LISTED = (
    "Inst libc6 [2.36-9] (2.36-10 Debian:12.9/stable [amd64])\n"
    "Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])\n"
    "Conf openssl (3.0.2 Debian-Security:12/stable-security [amd64])\n"
)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="the system has no apt")
def test_security_updates_that_wait_are_told(tmp_path: Path) -> None:
    (tmp_path / "deb_Packages").touch()
    found = list(system.updates(NOW, lists=tmp_path, reboot=tmp_path / "none", ask=lambda _command: LISTED))
    assert [(finding.level, finding.sentence) for finding in found] == [
        (Level.WARNING, "1 security updates wait: openssl.")
    ]
    found = list(system.updates(NOW, lists=tmp_path, reboot=tmp_path, ask=lambda _command: ""))
    assert [finding.sentence for finding in found] == [
        "The system is up to date.",
        "Updates wait for a restart of the machine.",
    ]


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="the system has no apt")
def test_lists_of_packages_that_nobody_updates_are_told(tmp_path: Path) -> None:
    found = list(system.updates(NOW, lists=tmp_path, reboot=tmp_path / "none", ask=lambda _command: ""))
    assert "more than a week old" in found[0].sentence


def test_service_that_failed_is_told_and_the_boxs_own_is_an_error(tmp_path: Path) -> None:
    told = "wellhouse.service loaded failed failed Wellhouse\nfwupd.service loaded failed failed Firmware\n"
    found = list(system.units(systemd=tmp_path, ask=lambda _command: told))
    assert [(finding.level, finding.sentence) for finding in found] == [
        (Level.ERROR, "wellhouse.service has failed."),
        (Level.WARNING, "fwupd.service has failed."),
    ]
    assert all(finding.then for finding in found)


def test_real_system_can_be_asked(box: Box) -> None:
    assert said("system", box, Level.ERROR) == ""


# For programs


def test_programs_get_what_people_read(box: Box) -> None:
    root = box.config.parent.parent
    told = wellhouse("check", "--root", root, "--json", "disk", "mail", "backup")
    found = json.loads(told.stdout)
    assert told.returncode == 1
    assert {each["subject"] for each in found} == {"disk", "mail", "backup"}
    assert all(set(each) == {"subject", "level", "sentence", "then"} for each in found)
    assert all(each["then"] for each in found if each["level"] in ("warning", "error"))


def test_every_subject_says_something(box: Box) -> None:
    told = wellhouse("check", "--root", box.config.parent.parent, "--json")
    assert {each["subject"] for each in json.loads(told.stdout)} == set(SUBJECTS)
