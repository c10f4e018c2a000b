"""“wellhouse check” names what is wrong: each test plants one fault in a box that was in order."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.box import Box
from appliance.certificates.files import certificate_files
from appliance.certificates.provide import provide_certificate
from appliance.checks.devices import on_encrypted_device, plain_swap
from appliance.checks.finding import Level
from appliance.commands.check import SUBJECTS, findings
from appliance.configure import root as folder
from appliance.configure.files import write
from appliance.configure.keys import load_keyring
from core.addresses import LOOPBACK
from core.settings import Settings, load
from tests.appliance.folder import configured, wellhouse

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A configured, migrated folder that does not run."""
    with tempfile.TemporaryDirectory(prefix="wh-") as name:
        root = Path(name) / "box"
        configured(root)
        assert wellhouse("configure", "--root", root).returncode == 0
        yield root


@pytest.fixture
def box(template: Path) -> Iterator[Box]:
    """The template in its own place, put back afterwards: its paths stand in its files."""
    kept = template.with_name("kept")
    shutil.copytree(template, kept)
    file = folder.settings_file(template)
    yield Box(file, load(file))
    shutil.rmtree(template)
    kept.rename(template)


def said(subject: str, box: Box, level: Level, *, at: datetime = NOW) -> str:
    """What the subject says at this level; each fault says what to do next."""
    found = [finding for finding in findings(subject, box, at=at) if finding.level is level]
    if level in (Level.WARNING, Level.ERROR):
        assert all(finding.then for finding in found)
    return "\n".join(finding.sentence for finding in found)


@pytest.mark.parametrize("subject", ["settings", "keys", "database", "audit", "certificate", "disk", "memory", "clock"])
def test_a_box_that_does_not_run_is_otherwise_in_order(box: Box, subject: str) -> None:
    assert said(subject, box, Level.ERROR) == ""
    assert len(list(findings(subject, box, at=NOW))) >= 1


def replaced(file: Path, change: Callable[[bytes], bytes]) -> None:
    content, mode = file.read_bytes(), file.stat().st_mode & 0o777
    write(file, change(content), mode=mode)


def _key_open_to_all(settings: Settings) -> None:
    settings.paths.master_key.chmod(0o444)


def _relay_guests_open_to_all(settings: Settings) -> None:
    settings.paths.relay_guests.chmod(0o644)


def _site_key_open_to_group(settings: Settings) -> None:
    certificate_files(settings).key.chmod(0o440)


def _keys_folder_open(settings: Settings) -> None:
    Path(settings.paths.keys).chmod(0o755)


def _key_copied_into_the_data(settings: Settings) -> None:
    shutil.copy(settings.paths.master_key, Path(settings.paths.data) / "copy.key")


def _another_key(settings: Settings) -> None:
    replaced(settings.paths.master_key, lambda _: b"ab" * 32)


def _key_cut_off(settings: Settings) -> None:
    replaced(settings.paths.master_key, lambda key: key[:-5])


def _plain_database(settings: Settings) -> None:
    import sqlite3

    settings.paths.database_file.unlink()
    with contextlib.closing(sqlite3.connect(settings.paths.database_file)) as plain:
        plain.execute("CREATE TABLE note (body TEXT)")


def _plain_queue(settings: Settings) -> None:
    settings.paths.queue_file.write_bytes(b"SQLite format 3\x00" + b"\x00" * 100)


def _no_database(settings: Settings) -> None:
    settings.paths.database_file.unlink()


def _damaged_database(settings: Settings) -> None:
    replaced(settings.paths.database_file, lambda content: content[:64] + b"\xff" * 64 + content[128:])


def _nginx_conf_edited(settings: Settings) -> None:
    file = Path(settings.paths.etc) / "nginx.conf"
    replaced(file, lambda text: text.replace(b"no-referrer", b"unsafe-url"))


def _peers_opened(settings: Settings) -> None:
    file = Path(settings.paths.etc) / "turnserver.conf"
    replaced(file, lambda text: text.replace(b"denied-peer-ip=", b"allowed-peer-ip="))


def _no_supervisor_conf(settings: Settings) -> None:
    (Path(settings.paths.etc) / "supervisord.conf").unlink()


def _nginx_conf_broken(settings: Settings) -> None:
    replaced(Path(settings.paths.etc) / "nginx.conf", lambda text: text.replace(b"http {", b"htp {"))


def _no_certificate(settings: Settings) -> None:
    certificate_files(settings).chain.unlink()


def _not_a_certificate(settings: Settings) -> None:
    replaced(certificate_files(settings).chain, lambda _: b"-----BEGIN NOTHING-----\n")


def _another_certificates_key(settings: Settings) -> None:
    files = certificate_files(settings)
    kept = files.chain.read_bytes()
    files.key.unlink()
    provide_certificate(settings, load_keyring(settings), at=NOW)
    replaced(files.chain, lambda _: kept)


@pytest.mark.parametrize(
    ("plant", "subject", "sentence"),
    [
        (_key_open_to_all, "keys", "master.key can be read by others (mode 0444)"),
        (_relay_guests_open_to_all, "keys", "guests.db can be read by others (mode 0644)"),
        (_site_key_open_to_group, "keys", "self-signed.key can be read by others (mode 0440)"),
        (_keys_folder_open, "keys", "keys is open to others (mode 0755)"),
        (_key_copied_into_the_data, "keys", "A copy of the master key lies inside"),
        (_another_key, "database", "The key in use does not open"),
        (_another_key, "audit", "The audit record could not be read. The key in use does not open"),
        (_key_cut_off, "database", "is not a master key"),
        (_plain_database, "database", "wellhouse.db is not encrypted"),
        (_plain_queue, "database", "queue.db is not encrypted"),
        (_no_database, "database", "There is no database"),
        (_damaged_database, "database", "wellhouse.db"),
        (_nginx_conf_edited, "settings", "nginx.conf: not what the settings ask for"),
        (_peers_opened, "settings", "turnserver.conf: not what the settings ask for"),
        (_no_supervisor_conf, "settings", "supervisord.conf: not what the settings ask for"),
        (_nginx_conf_broken, "nginx", 'unknown directive "htp"'),
        (_no_certificate, "certificate", "self-signed.pem is not there"),
        (_not_a_certificate, "certificate", "holds no certificate in PEM form"),
        (_another_certificates_key, "certificate", "self-signed.key does not belong to"),
    ],
)
def test_a_planted_fault_is_named(box: Box, plant: Callable[[Settings], None], subject: str, sentence: str) -> None:
    assert sentence not in said(subject, box, Level.ERROR)
    plant(box.settings)
    assert sentence in said(subject, box, Level.ERROR)


@pytest.mark.parametrize(
    ("days_left", "level", "sentence"),
    [
        (-1, Level.ERROR, "browsers refuse the site"),
        (6, Level.ERROR, "in 6 days"),
        (20, Level.WARNING, "in 20 days"),
        (22, Level.OK, "is good until"),
    ],
)
def test_the_end_of_the_certificate_is_told_in_time(box: Box, days_left: int, level: Level, sentence: str) -> None:
    at = NOW + timedelta(days=397 - days_left) - timedelta(hours=1)
    assert sentence in said("certificate", box, level, at=at)


def test_a_certificate_for_other_names_is_told(box: Box) -> None:
    moved = replace(box.settings, site=replace(box.settings.site, hostname="clinic.example"))
    told = said("certificate", Box(box.config, moved), Level.ERROR)
    assert "The certificate is not for clinic.example: browsers warn there" in told
    assert "The certificate is not for turn.clinic.example" in told


def test_an_edited_audit_row_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from webapp.app import prepare
    from webapp.db.database import db, writing

    assert wellhouse("setup-link", "--root", box.config.parent.parent).returncode == 0
    assert said("audit", box, Level.ERROR) == ""
    prepare(box.settings)
    allowed = writing.set(True)
    with db.connection_context():
        for (trigger,) in db.execute_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute_sql(f'DROP TRIGGER "{trigger}"')
        db.execute_sql("UPDATE audit_event SET address = '10.0.0.66' WHERE sequence = 1")
    writing.reset(allowed)
    db.obj.close_all()
    assert "Row 1 of the audit record was edited" in said("audit", box, Level.ERROR)
    assert wellhouse("audit", "verify", "--root", box.config.parent.parent).returncode == 1


def test_a_box_that_does_not_run_is_told_by_each_part(box: Box) -> None:
    assert said("processes", box, Level.ERROR) == "The appliance is not running."
    assert "The site does not answer" in said("nginx", box, Level.ERROR)
    assert "The media server does not answer" in said("media", box, Level.ERROR)
    assert said("turn", box, Level.ERROR).count("coturn does not answer") == 3
    status = wellhouse("status", "--root", box.config.parent.parent)
    assert (status.returncode, "It is not running." in status.stdout) == (3, True)


def test_a_port_that_another_process_holds_is_told(box: Box) -> None:
    with socket.create_server((LOOPBACK, box.settings.ports.https)):
        told = said("ports", box, Level.ERROR)
    assert f"Port {box.settings.ports.https}/tcp, which nginx needs, is held by" in told
    assert str(os.getpid()) in told


def test_an_address_that_is_not_this_machines_is_told(box: Box) -> None:
    for rtc in (
        replace(box.settings.rtc, relay_address="203.0.113.9"),
        replace(box.settings.rtc, addresses=("203.0.113.9",)),
    ):
        foreign = Box(box.config, replace(box.settings, rtc=rtc))
        assert "[rtc] names 203.0.113.9, which is not an address of this machine" in said(
            "settings", foreign, Level.ERROR
        )


def test_a_name_without_an_address_is_told(box: Box) -> None:
    unknown = replace(box.settings, site=replace(box.settings.site, hostname="clinic.invalid"))
    told = said("dns", Box(box.config, unknown), Level.WARNING)
    assert "The name clinic.invalid has no address here." in told
    assert "The name turn.clinic.invalid has no address here." in told


def test_what_a_demonstration_is_expected_to_lack_is_only_a_note(box: Box) -> None:
    demo = Box(box.config, replace(box.settings, site=replace(box.settings.site, demo=True)))
    assert "self-signed" in said("certificate", box, Level.WARNING)
    assert said("certificate", demo, Level.WARNING) == ""
    assert "self-signed" in said("certificate", demo, Level.NOTE)


def test_a_volume_below_others_counts_as_encrypted_only_if_all_of_it_is(tmp_path: Path) -> None:
    """The kernel's tree of block devices, as it is for LVM on LUKS and for a mirror of which one half is plain."""
    device = tmp_path.stat().st_dev
    top = tmp_path / "block" / f"{os.major(device)}:{os.minor(device)}"
    (top / "slaves").mkdir(parents=True)
    assert not on_encrypted_device(tmp_path, devices=tmp_path / "block")
    (top / "slaves/dm-1/dm").mkdir(parents=True)
    (top / "slaves/dm-1/dm/uuid").write_text("CRYPT-LUKS2-0a1b-root\n")
    assert on_encrypted_device(tmp_path, devices=tmp_path / "block")
    (top / "slaves/sdb").mkdir()
    assert not on_encrypted_device(tmp_path, devices=tmp_path / "block")


def test_swap_counts_as_encrypted_only_on_an_encrypted_device_or_in_memory(tmp_path: Path) -> None:
    (file := tmp_path / "swapfile").touch()
    (swaps := tmp_path / "swaps").write_text(
        f"Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 2097148 0 100\n{file} file 2097148 0 -2\n"
    )
    assert plain_swap(swaps=swaps, devices=tmp_path / "block") == [str(file)]
    device = file.stat().st_dev
    (top := tmp_path / "block" / f"{os.major(device)}:{os.minor(device)}" / "dm").mkdir(parents=True)
    (top / "uuid").write_text("CRYPT-LUKS2-0a1b-swap\n")
    assert plain_swap(swaps=swaps, devices=tmp_path / "block") == []


def test_the_exit_code_is_that_of_the_worst_finding(box: Box) -> None:
    root = box.config.parent.parent
    assert wellhouse("check", "--root", root, "disk", "memory").returncode == 0
    assert wellhouse("check", "--root", root, "disk", "certificate").returncode == 1
    told = wellhouse("check", "--root", root, "disk", "certificate", "processes")
    assert told.returncode == 2
    assert "→ Start it:" in told.stdout


def test_a_subject_that_does_not_exist_is_refused_with_the_known_ones(box: Box) -> None:
    told = wellhouse("check", "--root", box.config.parent.parent, "discs")
    assert told.returncode == 2
    assert all(subject in told.stderr for subject in SUBJECTS)


def test_a_list_of_breached_passwords_that_is_not_there_is_told(box: Box, tmp_path: Path) -> None:
    listed = replace(box.settings.passwords, breached_file=str(tmp_path / "absent"))
    without = Box(box.config, replace(box.settings, passwords=listed))
    assert "passwords.breached_file names" in said("settings", without, Level.ERROR)
