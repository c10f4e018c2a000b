"""What clinic IT types: keys, unlock, and what the other commands say while the box is locked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.commands.check import findings
from appliance.configure import root as folder
from appliance.keys.change import protect
from appliance.keys.envelope import Cost, Protection
from core.settings import Settings, load
from tests.appliance.folder import configured, wellhouse
from webapp.crypto.keyring import Keyring

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORDS = "gravel lantern oblique Tuesday"


@pytest.fixture
def words_file(root: Path) -> Path:
    file = root / "words"
    file.write_text(f"{WORDS}\n")
    return file


@pytest.fixture
def configured_box(root: Path) -> tuple[Path, Settings]:
    box = root / "box"
    configured(box)
    assert wellhouse("configure", "--root", box).returncode == 0
    return box, load(folder.settings_file(box))


def test_a_box_with_a_passphrase_from_protecting_to_unlocking(
    configured_box: tuple[Path, Settings], words_file: Path
) -> None:
    box, settings = configured_box
    at = ("--root", box)
    assert "Who steals the disk can open the record." in wellhouse("keys", *at).stdout
    keyring = Keyring.of(settings.paths)

    done = wellhouse("keys", "protect", *at, "--with", "passphrase", "--passphrase-file", words_file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sealed with a passphrase" in done.stdout
    assert f"Now: open. Its name on the recovery sheet: {keyring.fingerprint()}" in done.stdout
    assert load(folder.settings_file(box)).keys.protection == "passphrase"
    assert wellhouse("configure", *at).stdout == "nothing to change\n"
    sheet = wellhouse("recovery-sheet", *at).stdout
    assert keyring.fingerprint() in sheet

    shutil.rmtree(settings.paths.opened_master_key.parent)  # as the machine's next start finds it
    status = wellhouse("status", *at)
    assert (status.returncode, "locked" in status.stdout, "sudo wellhouse unlock" in status.stdout) == (3, True, True)
    for command in ("up", "configure", "recovery-sheet"):
        done = wellhouse(command, *at)
        assert (done.returncode, done.stderr.count("The box is locked")) == (2, 1), command
    check = wellhouse("check", *at)
    assert check.returncode == 2
    assert check.stdout.count("locked") == 1, check.stdout
    assert "→ Run: sudo wellhouse unlock" in check.stdout
    at_boot = wellhouse("unlock", *at, "--at-boot")
    assert (at_boot.returncode, "The box is locked" in at_boot.stderr) == (4, True)

    (wrong := words_file.with_name("wrong")).write_text("seven wooden clouds remember")
    refused = wellhouse("unlock", *at, "--passphrase-file", wrong)
    assert (refused.returncode, "does not open the key" in refused.stderr) == (2, True)
    assert "Traceback" not in refused.stderr
    opened = wellhouse("unlock", *at, "--passphrase-file", words_file)
    assert (opened.returncode, "Open." in opened.stdout) == (0, True), opened.stderr
    assert wellhouse("configure", *at).stdout == "nothing to change\n"

    shutil.rmtree(settings.paths.opened_master_key.parent)
    typed = "\n".join(line for line in sheet.splitlines() if set(line) <= set("0123456789abcdef ") and line.strip())
    (key := words_file.with_name("key")).write_text(typed)
    assert wellhouse("unlock", *at, "--recovery-key-file", key).returncode == 0
    assert Keyring.of(settings.paths).master_digits == keyring.master_digits


def test_the_sheet_of_another_box_starts_nothing_on_an_empty_one(
    configured_box: tuple[Path, Settings], words_file: Path
) -> None:
    box, settings = configured_box
    (key := words_file.with_name("key")).write_text(Keyring.of(settings.paths).master_digits)
    for file in (settings.paths.plain_master_key, settings.paths.database_file):
        file.unlink(missing_ok=True)
    opened = wellhouse("unlock", "--root", box, "--recovery-key-file", key)
    assert (opened.returncode, "nothing was started" in opened.stdout) == (0, True), opened
    again = wellhouse("unlock", "--root", box, "--recovery-key-file", key)
    assert (again.returncode, "nothing was started" in again.stdout) == (0, False), again


def _plain_beside(settings: Settings, keyring: Keyring) -> None:
    settings.paths.plain_master_key.write_text(keyring.master_digits)
    settings.paths.plain_master_key.chmod(0o400)


def _torn_beside(settings: Settings, keyring: Keyring) -> None:
    (Path(settings.paths.keys) / ".master.key.x1").write_text(keyring.master_digits[:20])


def _settings_want_a_tpm2(settings: Settings, _keyring: Keyring) -> None:
    file = Path(settings.paths.etc) / "wellhouse.toml"
    file.write_text(file.read_text().replace('"passphrase"', '"tpm2"'))


def _opened_open_to_all(settings: Settings, _keyring: Keyring) -> None:
    settings.paths.opened_master_key.chmod(0o444)


def _damaged(settings: Settings, _keyring: Keyring) -> None:
    settings.paths.sealed_master_key.chmod(0o600)
    settings.paths.sealed_master_key.write_text("{")


FAULTS: list[tuple[Callable[[Settings, Keyring], None], str]] = [
    (_plain_beside, "A plain file of a master key lies in"),
    (_torn_beside, "A plain file of a master key lies in"),
    (_settings_want_a_tpm2, "The settings want the master key protected by tpm2, and it is by passphrase."),
    (_opened_open_to_all, "can be read by others (mode 0444)"),
    (_damaged, "is damaged. Open the box from the recovery sheet"),
]


def _said(config: Path) -> str:
    box = Box(config, load(config))
    return "\n".join(f"{found.sentence} → {found.then}" for found in findings("keys", box, at=AT))


@pytest.mark.parametrize(("plant", "sentence"), FAULTS)
def test_check_names_what_is_wrong_with_a_sealed_key(
    root: Path, plant: Callable[[Settings, Keyring], None], sentence: str
) -> None:
    config = folder.settings_file(root)
    settings = configured(root)
    protect(settings, config, Protection.PASSPHRASE, words=WORDS, at=AT, cost=Cost(64, 1, 1))
    assert sentence not in _said(config)
    plant(settings, Keyring.of(settings.paths))
    assert sentence in _said(config)


def test_a_restored_box_says_that_its_key_is_a_file_now(root: Path) -> None:
    configured(root)
    file = folder.settings_file(root)
    file.write_text(file.read_text() + '\n[keys]\nprotection = "passphrase"\n')
    told = _said(file)
    assert "The settings want the master key protected by passphrase, and it is by file." in told
    assert "→ Run: sudo wellhouse keys protect --with passphrase" in told
