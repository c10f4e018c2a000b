"""The questions, typed at a real terminal."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.install.typist import Typist

Sits = Callable[..., Typist]
SUMMARY = "This is what will be done:"
PROMPT = "nothing was changed yet): "


@pytest.fixture
def sits(tmp_path: Path) -> Iterator[Sits]:
    typists: list[Typist] = []

    def sit(*options: str) -> Typist:
        typists.append(Typist(tmp_path, *options))
        return typists[-1]

    yield sit
    for typist in typists:
        typist.leaves()


def answer_all(typist: Typist) -> None:
    typist.answers("Name of the site", "care.clinic.example")
    typist.answers("E-mail address of clinic IT", "it@clinic.example")
    typist.answers("Certificate", "local")
    typist.answers("Address on the Internet", "")
    typist.answers("Database", "")
    typist.answers("Disk for the data", "")
    typist.answers("The master key is kept", "file")
    typist.answers("Mail relay", "none")
    typist.answers("Backups go to", "none")


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "etc/wellhouse.toml").read_text())


def for_ansible(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "etc/install.json").read_text())
    return found


def test_answers_are_written_when_all_was_shown_and_agreed_to(sits: Sits, tmp_path: Path) -> None:
    typist = sits()
    answer_all(typist)
    shown = typist.sees(PROMPT)
    assert SUMMARY in shown
    assert "care.clinic.example" in shown
    assert not (tmp_path / "etc").exists()
    typist.types("")
    assert typist.ends() == 0
    assert settings(tmp_path)["site"]["hostname"] == "care.clinic.example"
    assert settings(tmp_path)["mail"]["alerts_to"] == "it@clinic.example"
    assert for_ansible(tmp_path)["wellhouse_certificate"] == "local"
    assert for_ansible(tmp_path)["wellhouse_key_protection"] == "file"


def test_a_wrong_answer_is_asked_again_with_the_reason_and_nothing_is_lost(sits: Sits, tmp_path: Path) -> None:
    typist = sits()
    typist.answers("Name of the site", "https://care.clinic.example/")
    assert "only the name, without https://" in typist.sees("\n  > ")
    typist.types("care.clinic.example")
    typist.answers("E-mail address of clinic IT", "it")
    assert "'it' is not an e-mail address" in typist.sees("\n  > ")
    typist.types("it@clinic.example")
    typist.answers("Certificate", "locla")
    assert "answer acme, local" in typist.sees("[acme] ")
    typist.types("local")
    for title in ("Address on the Internet", "Database", "Disk for the data"):
        typist.answers(title, "")
    typist.answers("The master key is kept", "file")
    typist.answers("Mail relay", "none")
    typist.answers("Backups go to", "none")
    typist.sees(PROMPT)
    typist.types("")
    assert typist.ends() == 0
    assert settings(tmp_path)["site"]["hostname"] == "care.clinic.example"


def test_ctrl_c_changes_nothing(sits: Sits, tmp_path: Path) -> None:
    early, late = sits(), sits()
    early.answers("Name of the site", "care.clinic.example")
    early.sees("E-mail address of clinic IT")
    answer_all(late)
    late.sees(PROMPT)
    for typist in (early, late):
        assert typist.presses_ctrl_c_until_it_ends() == 130
        assert "Nothing was changed" in typist.seen
        assert "Traceback" not in typist.seen
    assert not (tmp_path / "etc").exists()
    assert not (tmp_path / "run").exists()


def test_an_answer_can_be_changed_after_all_were_shown(sits: Sits, tmp_path: Path) -> None:
    typist = sits()
    answer_all(typist)
    shown = typist.sees(PROMPT)
    number = next(line.split()[0] for line in shown.splitlines() if "Backups go to" in line)
    typist.types(number)
    typist.answers("Backups go to", "/mnt/nas")
    typist.sees(PROMPT)
    typist.types("99")
    typist.sees("is not a number from 1 to")
    typist.sees(PROMPT)
    typist.types("")
    assert typist.ends() == 0
    assert settings(tmp_path)["backup"]["targets"] == ["/mnt/nas"]


def test_what_stands_in_the_way_is_looked_for_again_until_it_is_gone(sits: Sits, tmp_path: Path) -> None:
    in_the_way = tmp_path / "in-the-way"
    in_the_way.write_text("Port 443/tcp is held by nginx.")
    typist = sits()
    answer_all(typist)
    assert "STOP  Port 443/tcp is held by nginx." in typist.sees("Enter to look again")
    typist.types("")
    typist.sees("STOP  Port 443/tcp is held by nginx.")
    typist.sees(PROMPT)
    assert not (tmp_path / "etc").exists()
    in_the_way.unlink()
    typist.types("")
    typist.sees("Enter to install")
    typist.types("")
    assert typist.ends() == 0
    assert settings(tmp_path)["site"]["hostname"] == "care.clinic.example"


def test_a_second_run_asks_only_what_is_new(sits: Sits, tmp_path: Path) -> None:
    first = sits()
    answer_all(first)
    first.sees(PROMPT)
    first.types("")
    first.ends()
    before = (tmp_path / "etc/wellhouse.toml").read_bytes()

    second = sits()
    assert "[" not in second.sees(SUMMARY)
    second.sees(PROMPT)
    second.types("")
    assert second.ends() == 0
    assert (tmp_path / "etc/wellhouse.toml").read_bytes() == before

    known = for_ansible(tmp_path)
    del known["wellhouse_data_device"]  # as if an older version had not asked
    (tmp_path / "etc/install.json").write_text(json.dumps(known))
    third = sits()
    third.answers("Disk for the data", "")
    third.sees(PROMPT)
    third.types("")
    assert third.ends() == 0
    assert for_ansible(tmp_path)["wellhouse_data_device"] == ""


def test_a_password_is_not_shown_not_logged_and_ends_in_a_file_of_its_own(sits: Sits, tmp_path: Path) -> None:
    typist = sits()
    typist.answers("Name of the site", "care.clinic.example")
    typist.answers("E-mail address of clinic IT", "it@clinic.example")
    typist.answers("Certificate", "local")
    for title in ("Address on the Internet", "Database", "Disk for the data"):
        typist.answers(title, "")
    typist.answers("The master key is kept", "passphrase")
    typist.sees("(not shown) ")
    typist.types("copper lantern river seven")
    typist.sees("Once more: ")
    typist.types("copper lantern river eight")
    typist.sees("The two differ")
    typist.sees("(not shown) ")
    typist.types("copper lantern river seven")
    typist.sees("Once more: ")
    typist.types("copper lantern river seven")
    typist.answers("Mail relay", "box@clinic.example@relay.example:465")
    typist.sees("(not shown) ")
    typist.types("pa55-for-the-relay")
    typist.answers("Mails come from", "")
    typist.answers("Backups go to", "none")
    typist.sees(PROMPT)
    typist.types("")
    assert typist.ends() == 0

    for secret, file in (
        ("copper lantern river seven", tmp_path / "run/passphrase"),
        ("pa55-for-the-relay", tmp_path / "etc/secrets/smtp-password"),
    ):
        assert file.read_text() == f"{secret}\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o400
        holding = [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_text()]
        assert holding == [file]
        assert secret not in typist.seen
    mail = settings(tmp_path)["mail"]
    assert (mail["username"], mail["security"]) == ("box@clinic.example", "tls")
    assert mail["sender"] == "box@clinic.example"
    assert mail["password_file"] == str(tmp_path / "etc/secrets/smtp-password")

    (tmp_path / "etc/keys").mkdir()
    (tmp_path / "etc/keys/master.sealed").touch()  # as Ansible has it made of the passphrase
    (tmp_path / "run/keys").mkdir()
    (tmp_path / "run/keys/master.key").touch()
    again = sits()
    assert "as before" in again.sees(SUMMARY) + again.sees(PROMPT)
    again.types("")
    assert again.ends() == 0
    assert (tmp_path / "etc/secrets/smtp-password").read_text() == "pa55-for-the-relay\n"

    (tmp_path / "run/keys/master.key").unlink()
    locked = sits()
    locked.sees("\nPassphrase of the master key\n")
    assert locked.presses_ctrl_c_until_it_ends() == 130
