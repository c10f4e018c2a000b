"""“wellhouse configure”: files with the right owner and mode, keys made once, a certificate that stays useful."""

from __future__ import annotations

import errno
import json
import os
import pwd
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.certificates.files import certificate_files, names_of, read_certificate
from appliance.certificates.provide import REMAKE_BEFORE, provide_certificate
from appliance.configure import programs
from appliance.configure import root as folder
from appliance.configure.apply import apply
from appliance.configure.files import Owner, group_name, owner, write
from appliance.configure.keys import load_keyring
from core import grant_keys
from core.errors import Refused
from core.settings import Settings
from tests.appliance.folder import configured, wellhouse

NOW = datetime.now(UTC)
TMPFILES = Path(__file__).parents[2] / "ansible/roles/base/templates/tmpfiles.conf.j2"


@pytest.fixture
def settings(box_root: Path) -> Settings:
    return configured(box_root)


def test_a_second_run_changes_nothing(box_root: Path, settings: Settings) -> None:
    assert apply(settings, folder.settings_file(box_root), at=NOW).changed == ()


def test_a_file_changed_by_hand_or_opened_to_others_is_put_right(box_root: Path, settings: Settings) -> None:
    etc = box_root / "etc"
    (etc / "nginx.conf").write_text("changed")
    (etc / "turnserver.conf").chmod(0o644)
    (box_root / "data").chmod(0o755)
    changed = apply(settings, folder.settings_file(box_root), at=NOW).changed
    assert set(changed) == {etc / "nginx.conf", etc / "turnserver.conf", box_root / "data"}
    assert (etc / "turnserver.conf").stat().st_mode & 0o777 == 0o400


def test_nothing_that_is_secret_can_be_read_by_others(box_root: Path, settings: Settings) -> None:
    files = certificate_files(settings)
    secret = {settings.paths.master_key: 0o400, files.key: 0o400, box_root / "etc/turnserver.conf": 0o400}
    assert {file: file.stat().st_mode & 0o777 for file in secret} == secret
    for name in ("keys", "data", "run"):
        assert (box_root / name).stat().st_mode & 0o077 == 0


def test_the_master_key_is_random_and_made_once(box_root: Path, settings: Settings, tmp_path: Path) -> None:
    key = settings.paths.master_key.read_text()
    assert len(bytes.fromhex(key.strip())) == 32
    assert not apply(settings, folder.settings_file(box_root), at=NOW).made_master_key
    assert settings.paths.master_key.read_text() == key
    assert configured(tmp_path).paths.master_key.read_text() != key


def test_the_media_server_learns_the_public_key_and_nothing_else(settings: Settings) -> None:
    key_id, private = load_keyring(settings).grant_key()
    assert grant_keys.load(settings.paths.grant_keys) == {key_id: private.public_key()}
    text = settings.paths.grant_keys.read_text()
    assert private.private_bytes_raw().hex() not in text
    assert len(json.loads(text)) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": "AAAA"}', '{"a": "é"}'])
def test_a_spoilt_file_of_public_keys_is_told(settings: Settings, text: str) -> None:
    settings.paths.grant_keys.chmod(0o600)
    settings.paths.grant_keys.write_text(text)
    with pytest.raises(Refused, match=r"grant-keys.json does not hold public keys. Run “wellhouse configure”"):
        grant_keys.load(settings.paths.grant_keys)


def test_the_certificate_holds_every_name_and_address(settings: Settings) -> None:
    names = names_of(read_certificate(certificate_files(settings).chain))
    assert names == {*settings.names, "turn.localhost"}


def test_the_certificate_is_remade_when_names_change_or_its_end_is_near(settings: Settings) -> None:
    end = read_certificate(certificate_files(settings).chain).not_valid_after_utc
    assert provide_certificate(settings, load_keyring(settings), at=end - REMAKE_BEFORE - timedelta(minutes=1)) == []
    assert provide_certificate(settings, load_keyring(settings), at=end - REMAKE_BEFORE + timedelta(minutes=1)) != []
    moved = replace(settings, site=replace(settings.site, hostname="clinic.example"))
    assert provide_certificate(moved, load_keyring(moved), at=NOW) != []
    assert provide_certificate(moved, load_keyring(moved), at=NOW) == []
    assert "clinic.example" in names_of(read_certificate(certificate_files(moved).chain))


def test_a_configured_certificate_is_never_touched_and_must_be_there(settings: Settings, tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    own = replace(settings, site=replace(settings.site, certificate=str(chain), certificate_key=str(key)))
    with pytest.raises(Refused, match=f"There is no {chain}, which site.certificate names"):
        provide_certificate(own, load_keyring(own), at=NOW)
    chain.write_text("theirs")
    key.write_text("theirs")
    assert provide_certificate(own, load_keyring(own), at=NOW) == []
    assert (chain.read_text(), key.read_text()) == ("theirs", "theirs")


@pytest.mark.parametrize(("name", "package"), [("nginx", "nginx"), ("turnserver", "coturn")])
def test_a_missing_program_is_told_with_its_package(
    settings: Settings, box_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    for program in {"nginx", "turnserver"} - {name}:
        (tmp_path / program).symlink_to(f"/usr/sbin/{program}" if program == "nginx" else f"/usr/bin/{program}")
    monkeypatch.setattr(programs, "_SEARCH", str(tmp_path))
    with pytest.raises(Refused, match=f"There is no {name} on this machine. Install the package {package}"):
        apply(settings, folder.settings_file(box_root), at=NOW)


def test_an_account_that_does_not_exist_is_told(settings: Settings, box_root: Path) -> None:
    wrong = replace(settings, users=replace(settings.users, portal="nobody-of-this-name"))
    with pytest.raises(Refused, match=r"\[users\] names 'nobody-of-this-name', and there is no such account"):
        apply(wrong, folder.settings_file(box_root), at=NOW)


def test_each_part_runs_in_the_account_that_the_settings_name(box_root: Path) -> None:
    """Rendered for root, who alone can hand parts to other accounts."""
    from appliance.configure import render
    from appliance.configure.programs import find_nginx

    users = replace(Settings().users, portal="daemon", rtc="bin", turn="nobody", web="www-data")
    settings = replace(Settings(), users=users, paths=replace(Settings().paths, run=str(box_root)))
    if os.geteuid() != 0:
        pytest.skip("only root can hand parts to other accounts")
    conf = render.supervisord_conf(settings, config=Path("/c"), nginx=find_nginx(), turnserver="/usr/bin/turnserver")
    sections = {part.split("]")[0]: part for part in conf.split("[program:")[1:]}
    assert {
        name: line for name, text in sections.items() for line in text.splitlines() if line.startswith("user=")
    } == {
        "rtc": "user=bin",
        "coturn": "user=nobody",
        "portal": "user=daemon",
        "worker": "user=daemon",
    }
    assert "user www-data daemon;" in render.nginx_conf(settings, find_nginx())


@pytest.mark.skipif(os.geteuid() != 0, reason="gives folders to other accounts")
def test_no_part_can_put_a_socket_or_a_link_in_the_place_of_anothers(box_root: Path) -> None:
    """The media server that took the portal's place at its socket would be handed every session."""
    made = configured(box_root)
    users = replace(made.users, portal="daemon", rtc="bin", turn="nobody", web="www-data")
    settings = replace(made, users=users)
    apply(settings, folder.settings_file(box_root), at=NOW)
    run = Path(settings.paths.run)
    assert (run.stat().st_uid, run.stat().st_mode & 0o7022) == (0, 0)
    for name, account in (("portal", "daemon"), ("rtc", "bin"), ("turn", "nobody"), ("nginx", "www-data")):
        status = (run / name).stat()
        assert (status.st_uid, status.st_mode & 0o022) == (pwd.getpwnam(account).pw_uid, 0), name
    assert settings.paths.portal_socket.parent == run / "portal"
    assert {settings.paths.control_socket.parent, settings.paths.signalling_socket.parent} == {run / "rtc"}


@pytest.mark.skipif(os.geteuid() != 0, reason="gives folders to other accounts")
def test_after_a_power_cut_the_fenced_in_unit_finds_what_it_could_not_make(
    box_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RestrictSUIDSGID= of wellhouse.service lets nobody set a set-group bit; what lies in /run is gone by then."""
    made = configured(box_root)
    accounts = {"wellhouse": "daemon", "wellhouse-turn": "nobody"}
    users = replace(made.users, portal="daemon", rtc="bin", turn="nobody", web="www-data")
    settings = replace(made, users=users)
    apply(settings, folder.settings_file(box_root), at=NOW)
    shutil.rmtree(settings.paths.run)
    for line in TMPFILES.read_text().splitlines():
        if line.startswith("d "):
            _, path, mode, user, group, _ = line.split()
            place = Path(path.replace(Settings().paths.run, settings.paths.run, 1))
            place.mkdir()
            shutil.chown(place, accounts.get(user, user), group_name(accounts[group]) if group in accounts else group)
            place.chmod(int(mode, 8))
    real = os.fchmod

    def fenced(descriptor: int, mode: int) -> None:
        if mode & (stat.S_ISUID | stat.S_ISGID):
            raise PermissionError(errno.EPERM, "Operation not permitted")
        real(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", fenced)
    apply(settings, folder.settings_file(box_root), at=NOW)
    guests = settings.paths.relay_guests
    assert stat.S_IMODE(guests.parent.stat().st_mode) == 0o2750
    assert guests.stat().st_gid == guests.parent.stat().st_gid == pwd.getpwnam("nobody").pw_gid


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    assert write(file, b"one", mode=0o600)
    assert not write(file, b"one", mode=0o600)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(file, b"two", mode=0o600)
    assert file.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [file]


def test_an_empty_name_of_an_account_changes_no_owner() -> None:
    assert owner("") == Owner(-1, -1)


def test_a_path_that_the_parts_would_misread_is_refused(settings: Settings, box_root: Path) -> None:
    with pytest.raises(Refused, match="use a path without quotes"):
        apply(settings, box_root / 'quo"te/wellhouse.toml', at=NOW)


def test_a_folder_with_spaces_works(box_root: Path) -> None:
    root = box_root / "My Clinic"
    configured(root)
    told = wellhouse("check", "--root", root, "nginx")
    assert "nginx accepts its configuration." in told.stdout


def test_a_list_of_breached_passwords_that_is_none_is_refused_before_anything_is_made(
    box_root: Path, settings: Settings
) -> None:
    file = box_root / "breached.txt"
    file.write_text("password\n123456\n")
    listed = replace(settings, passwords=replace(settings.passwords, breached_file=str(file)))
    with pytest.raises(Refused, match="not a list of SHA-1 hashes"):
        apply(listed, folder.settings_file(box_root), at=NOW)
