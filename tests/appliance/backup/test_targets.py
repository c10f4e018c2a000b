"""Each kind of target for real: SFTP at an sshd, S3 at an object store, and one that only takes."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.backup import process, restic
from appliance.backup.access import access
from appliance.backup.drill import drill
from appliance.backup.make import back_up, repository
from appliance.backup.restore import Wanted, restore
from core.errors import Refused, Unavailable, WellhouseError
from tests.appliance.backup import object_store, ssh_server
from tests.appliance.backup.conftest import AT, ROWS, Small
from tests.appliance.backup.object_store import ACCESS_KEY, SECRET_KEY, Store
from tests.appliance.backup.ssh_server import Nas
from webapp.db.database import db


def secret_file(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o400)
    return file


def saved_and_restored(small: Small, target: str, credentials: Path) -> None:
    """The box's next backup goes to *target*, is proved there, and brings the box back."""
    there = small.with_backup(targets=[target], credentials_file=str(credentials))
    assert [answer.fault for answer in back_up(there.settings, there.config, there.keyring, at=AT)] == [""]
    assert drill(target, there.settings, there.keyring, at=AT).number == 2
    db.obj.close_all()
    shutil.rmtree(there.settings.paths.data)
    there.settings.paths.master_key.unlink()
    wanted = Wanted(target, there.recovery_key, credentials_file=str(credentials))
    done = restore(wanted, there.config, at=AT, say=lambda _: None)
    assert done.manifest.rows["audit_event"] == ROWS


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[Nas]:
    with ssh_server.running(tmp_path / "nas") as running:
        yield running


def test_sftp_target_takes_and_gives_back(backed: Small, nas: Nas, tmp_path: Path) -> None:
    credentials = secret_file(tmp_path / "ssh", f"SSH_KEY={nas.key}\nSSH_KNOWN_HOSTS={nas.known_hosts}\n")
    saved_and_restored(backed, nas.target(tmp_path / "on-the-nas"), credentials)


def test_nas_with_another_host_key_gets_nothing(backed: Small, nas: Nas, tmp_path: Path) -> None:
    """Somebody who takes the NAS's address must not get the copies, nor the box ask for a yes that nobody gives."""
    other = secret_file(tmp_path / "known", f"[127.0.0.1]:{nas.port} ssh-ed25519 {'A' * 68}\n")
    credentials = secret_file(tmp_path / "ssh", f"SSH_KEY={nas.key}\nSSH_KNOWN_HOSTS={other}\n")
    there = backed.with_backup(targets=[nas.target(tmp_path / "x")], credentials_file=str(credentials))
    (answer,) = back_up(there.settings, there.config, there.keyring, at=AT)
    assert answer.fault
    assert not (tmp_path / "x").exists()


@pytest.fixture
def store() -> Iterator[Store]:
    with object_store.serving() as serving:
        yield serving


@pytest.fixture
def s3_account(tmp_path: Path) -> Path:
    text = f"# the clinic's storage\nAWS_ACCESS_KEY_ID={ACCESS_KEY}\nAWS_SECRET_ACCESS_KEY={SECRET_KEY}\n"
    return secret_file(tmp_path / "s3", text)


def test_s3_target_takes_and_gives_back(backed: Small, store: Store, s3_account: Path) -> None:
    saved_and_restored(backed, f"{store.url}/clinic/box", s3_account)
    assert all(name.startswith("clinic/box/") for name in store.objects)


def test_s3_target_with_a_wrong_key_is_named(backed: Small, store: Store, tmp_path: Path) -> None:
    account = secret_file(tmp_path / "s3", f"AWS_ACCESS_KEY_ID={ACCESS_KEY}\nAWS_SECRET_ACCESS_KEY=other\n")
    there = backed.with_backup(targets=[f"{store.url}/clinic"], credentials_file=str(account))
    (answer,) = back_up(there.settings, there.config, there.keyring, at=AT)
    assert f"{store.url}/clinic" in answer.fault
    assert store.objects == {}


def test_target_that_only_takes_keeps_all_from_somebody_who_has_the_box(
    backed: Small, store: Store, s3_account: Path
) -> None:
    """Ransomware on the box has all its keys: with them it can add, and drop nothing."""
    target = f"{store.url}/clinic"
    there = backed.with_backup(targets=[target], credentials_file=str(s3_account), append_only=[target])
    back_up(there.settings, there.config, there.keyring, at=AT)
    store.may_delete = False
    (answer,) = back_up(there.settings, there.config, there.keyring, at=AT.replace(day=20))
    assert answer.fault == ""
    assert store.denied == 0, "it asks for nothing that it may not do"
    place = repository(target, there.settings, there.keyring)
    before = {name for name in store.objects if "/locks/" not in name}
    with pytest.raises(Unavailable):  # restic would try for a quarter of an hour
        place._run("forget", "--keep-last", "1", "--prune", limit_s=4)
    assert store.denied > 0
    assert before <= set(store.objects)
    assert [each.number for each in place.snapshots()] == [2, 3]


def test_newest_set_is_the_last_made_whatever_the_clock_said(backed: Small, tmp_path: Path) -> None:
    """A box whose clock was years ahead for an hour: restored from that hour, everything since would be lost."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "file").write_text("rows")
    place = repository(backed.target, backed.settings, backed.keyring)
    ahead = ("--host", restic.HOST, "--tag", "number-2", "--time", "2036-01-01 00:00:00")
    place._run("backup", "--json", *ahead, ".", folder=folder)
    place.save(folder, number=3)
    assert [each.number for each in place.snapshots()] == [1, 2, 3]


def test_target_that_hangs_is_given_up(backed: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and says nothing, as a NAS whose disk has died does."""
    monkeypatch.setattr(restic, "QUICK_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"s3:http://127.0.0.1:{silent.getsockname()[1]}/clinic"
        there = backed.with_backup(targets=[target])
        began = time.monotonic()
        with pytest.raises(Unavailable, match="did not answer within 1 seconds"):
            repository(target, there.settings, there.keyring).snapshots()
        assert time.monotonic() - began < 10


def test_program_that_only_waits_is_told_from_one_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STALLED_AFTER_S", 1.0)
    # Longer than the limit, and always at it.
    works = ["sh", "-c", "for _ in 1 2 3 4 5 6 7 8 9; do head -c 200000 /dev/zero > /dev/null; sleep 0.3; done"]
    assert process.run(works, {"PATH": "/usr/bin:/bin"}, about="it").returncode == 0
    with pytest.raises(Unavailable, match="it has taken and given nothing"):
        process.run(["sleep", "60"], {"PATH": "/usr/bin:/bin"}, about="it")


def test_what_a_given_up_program_started_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable):
        process.run(["sh", "-c", "sleep 61.5 & wait"], {"PATH": "/usr/bin:/bin"}, about="it", limit_s=0.3)
    assert subprocess.run(["pgrep", "-f", "sleep 61.5"], capture_output=True).stdout == b""


def test_each_target_gets_its_own_account(tmp_path: Path) -> None:
    text = "AWS_DEFAULT_REGION=eu\n[s3:https://one/x]\nAWS_ACCESS_KEY_ID=1\n[s3:https://two/x]\nAWS_ACCESS_KEY_ID=2\n"
    file = secret_file(tmp_path / "accounts", text)
    assert access("s3:https://two/x", str(file)).environment == {"AWS_DEFAULT_REGION": "eu", "AWS_ACCESS_KEY_ID": "2"}
    assert access("/mnt/disk", str(file)).environment == {"AWS_DEFAULT_REGION": "eu"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("AWS_ACCESS_KEY_ID\n", "Line 1 of"),
        ("\nRESTIC_PASSWORD=mine\n", "Line 2 of"),
        ("LD_PRELOAD=/tmp/x.so\n", "may not be set there"),
        ("password: s3cret\n", "is not NAME=value"),
    ],
)
def test_credentials_that_cannot_be_meant_are_refused_without_being_shown(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence) as e:
        access("/mnt/disk", str(secret_file(tmp_path / "accounts", text)))
    assert "s3cret" not in e.value.sentence


def test_credentials_that_everybody_can_read_are_refused(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "accounts", "AWS_ACCESS_KEY_ID=1\n")
    file.chmod(0o444)
    with pytest.raises(Refused, match="chmod 0640"):
        access("/mnt/disk", str(file))


def test_credentials_that_are_not_there_are_named(backed: Small) -> None:
    there = backed.with_backup(targets=[backed.target], credentials_file="/nowhere/accounts")
    with pytest.raises(WellhouseError, match="/nowhere/accounts"):
        repository(backed.target, there.settings, there.keyring)
    (answer,) = back_up(there.settings, there.config, there.keyring, at=AT)
    assert "/nowhere/accounts" in answer.fault


def test_ssh_gets_exactly_the_host_that_is_named() -> None:
    (_, command) = access("sftp://backup@[2001:db8::7]:2022//srv/x", "").options
    assert command.endswith("-p 2022 -l backup -s -- 2001:db8::7 sftp")
    (_, command) = access("sftp:nas:/srv/x", "").options
    assert command.endswith("-s -- nas sftp")
    with pytest.raises(Refused, match="not understood"):
        access("sftp:nas", "")
