"""Installing where nobody can be asked: options, an answers file, and what earlier runs remember."""

from __future__ import annotations

import json
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from appliance.install.given import options
from appliance.install.questions import QUESTIONS
from core.errors import Invalid
from core.settings import load
from tests.appliance.install.typist import PROGRAM, PYTHON

ROOT = Path(__file__).parents[3]
COMPLETE = ("--hostname", "care.clinic.example", "--email", "it@clinic.example", "--certificate", "local")
COMPLETE += ("--smtp", "none", "--key-protection", "file")
NO_BACKUP = ("--backup", "none")  # may be given several times, so that it is not in the ones above


def install(folder: Path, *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-B", str(PROGRAM), str(folder), *given], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "etc/wellhouse.toml").read_text())


def for_ansible(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "etc/install.json").read_text())
    return found


def test_everything_the_questions_need_comes_with_python() -> None:
    """The system's Python asks before anything was installed: without its site-packages, as on a fresh machine."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import appliance.install.__main__"
    done = subprocess.run([PYTHON, "-I", "-S", "-B", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_all_that_misses_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    done = install(tmp_path)
    assert done.returncode == 2
    for option in ("--hostname", "--email", "--certificate", "--public-address", "--smtp", "--backup"):
        assert f"  {option} " in done.stderr
    assert "--database" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_options_are_enough(tmp_path: Path) -> None:
    done = install(tmp_path, *COMPLETE, *NO_BACKUP, "--database", "postgresql", "--ssh-port", "2222")
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "etc/wellhouse.toml").database.engine == "postgresql"
    told = for_ansible(tmp_path)
    assert 2222 in told["wellhouse_ssh_ports"]
    assert told["wellhouse_database"] == "postgresql"
    # roles/validate of the playbook asks for each of these.
    assert set(told) >= {
        "wellhouse_database", "wellhouse_data_device", "wellhouse_certificate", "wellhouse_acme_email",
        "wellhouse_acme_server", "wellhouse_key_protection", "wellhouse_firewall", "wellhouse_ssh_ports",
        "wellhouse_time_sync", "wellhouse_updates",
    }  # fmt: skip


def test_a_file_of_answers_is_enough_and_options_go_before_it(tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(
        'hostname = "care.clinic.example"\nemail = "it@clinic.example"\ncertificate = "local"\nsmtp = "none"\n'
        'backup = ["/mnt/one", "sftp:box@nas:/w"]\nssh_port = [22, 2200]\nfirewall = false\n'
    )
    done = install(tmp_path, "--answers", str(answers), "--hostname", "other.clinic.example")
    assert done.returncode == 0, done.stderr
    assert settings(tmp_path)["site"]["hostname"] == "other.clinic.example"
    assert settings(tmp_path)["backup"]["targets"] == ["/mnt/one", "sftp:box@nas:/w"]
    assert for_ansible(tmp_path)["wellhouse_firewall"] is False
    assert {22, 2200} <= set(for_ansible(tmp_path)["wellhouse_ssh_ports"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('hostnam = "care.clinic.example"\n', "Did you mean hostname"),
        ("hostname = care\n", "not valid TOML"),
        ("hostname = { name = 1 }\n", "must be a text"),
    ],
)
def test_a_wrong_line_in_the_file_of_answers_is_named(tmp_path: Path, text: str, why: str) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(text)
    with pytest.raises(Invalid, match=why):
        options(["--answers", str(answers)])


def test_several_wrong_answers_are_told_at_once(tmp_path: Path) -> None:
    done = install(
        tmp_path, *COMPLETE, *NO_BACKUP, "--hostname", "clinic", "--data-device", "sdb", "--database", "mysql"
    )
    assert done.returncode == 2
    for option in ("--hostname", "--data-device", "--database"):
        assert option in done.stderr
    assert not (tmp_path / "etc").exists()


def test_what_stands_in_the_way_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("Port 80/tcp is held by apache2.")
    done = install(tmp_path, *COMPLETE, *NO_BACKUP)
    assert done.returncode == 1
    assert "STOP  Port 80/tcp is held by apache2." in done.stdout
    assert "Nothing was changed" in done.stdout
    assert not (tmp_path / "etc").exists()


def test_a_later_run_needs_no_answers_and_changes_only_what_it_is_given(tmp_path: Path) -> None:
    assert install(tmp_path, *COMPLETE, *NO_BACKUP).returncode == 0
    first = {path: path.read_bytes() for path in (tmp_path / "etc").rglob("*")}
    assert install(tmp_path).returncode == 0
    assert {path: path.read_bytes() for path in (tmp_path / "etc").rglob("*")} == first
    assert install(tmp_path, "--backup", "/mnt/nas").returncode == 0
    assert settings(tmp_path)["backup"]["targets"] == ["/mnt/nas"]
    assert settings(tmp_path)["site"]["hostname"] == "care.clinic.example"


def test_settings_that_somebody_added_by_hand_stay(tmp_path: Path) -> None:
    assert install(tmp_path, *COMPLETE, *NO_BACKUP).returncode == 0
    file = tmp_path / "etc/wellhouse.toml"
    file.write_text(file.read_text() + "\n[portal]\nidle_minutes = 15 # ours\n\n[ports]\nmedia = 4000\n")
    by_hand = file.read_text()
    assert install(tmp_path).returncode == 0
    assert file.read_text() == by_hand
    assert install(tmp_path, "--email", "other@clinic.example").returncode == 0
    changed = load(file)
    assert (changed.portal.idle_minutes, changed.ports.media) == (15, 4000)
    assert changed.mail.alerts_to == "other@clinic.example"
    assert (tmp_path / "etc/wellhouse.toml.before").read_text() == by_hand


def test_a_setting_that_is_wrong_is_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc/wellhouse.toml"
    file.write_text("[portal]\nidle_minutes = 500\n")
    done = install(tmp_path, *COMPLETE, *NO_BACKUP)
    assert done.returncode == 1
    assert "portal.idle_minutes must lie between" in done.stdout
    assert file.read_text() == "[portal]\nidle_minutes = 500\n"


def test_secrets_come_from_files_and_go_into_files_of_their_own(tmp_path: Path) -> None:
    password, account = tmp_path / "relay-password", tmp_path / "s3"
    password.write_text("pa55-for-the-relay\n")
    account.write_text("AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nAWS_SECRET_ACCESS_KEY=abc/def\n")
    given = [*COMPLETE, "--smtp", "box@relay.example", "--backup", "s3:https://s3.example/bucket"]
    done = install(tmp_path, *given)
    assert done.returncode == 2
    assert "--smtp-password-file" in done.stderr
    assert "--backup-credentials" in done.stderr

    done = install(tmp_path, *given, "--smtp-password-file", str(password), "--backup-credentials", str(account))
    assert done.returncode == 0, done.stderr
    written = load(tmp_path / "etc/wellhouse.toml")
    for file, text in (
        (written.mail.password_file, "pa55-for-the-relay\n"),
        (written.backup.credentials_file, account.read_text()),
    ):
        assert Path(file).read_text() == text
        assert stat.S_IMODE(Path(file).stat().st_mode) == 0o400
        assert Path(file).is_relative_to(tmp_path / "etc/secrets")
    shown = done.stdout + done.stderr + (tmp_path / "log").read_text() + (tmp_path / "etc/install.json").read_text()
    assert "pa55" not in shown
    assert "abc/def" not in shown
    password.unlink()
    assert install(tmp_path).returncode == 0


def test_a_file_with_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = install(
        tmp_path, *COMPLETE, *NO_BACKUP, "--smtp", "box@relay.example", "--smtp-password-file", str(tmp_path / "absent")
    )
    assert done.returncode == 1
    assert "absent cannot be read: No such file" in done.stdout
    assert not (tmp_path / "etc").exists()


def test_an_own_certificate_is_remembered_with_its_files(tmp_path: Path) -> None:
    own = ("--certificate", "/etc/ssl/c.pem,/etc/ssl/k.pem", "--public-address", "none")
    assert install(tmp_path, *COMPLETE, *NO_BACKUP, *own).returncode == 0
    assert settings(tmp_path)["certificates"]["source"] == "own"
    assert install(tmp_path).returncode == 0
    told = for_ansible(tmp_path)
    assert (told["wellhouse_certificate"], told["wellhouse_certificate_chain"]) == ("own", "/etc/ssl/c.pem")
    assert told["wellhouse_certificate_key"] == "/etc/ssl/k.pem"


def test_the_guide_for_clinic_it_lists_every_option() -> None:
    guide = (ROOT / "docs/INSTALL.md").read_text()
    assert [question.name for question in QUESTIONS if f"`--{question.name} " not in guide] == []
