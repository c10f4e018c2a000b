"""Backups with real restic: taken, shared, proved, and put back on a bare machine."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

from appliance.backup import make, manifest
from appliance.backup.drill import drill
from appliance.backup.make import back_up, stage
from appliance.backup.restore import Wanted, parse_recovery_key, restore
from appliance.backup.sheet import recovery_sheet
from appliance.backup.state import alone, read_state, workplace
from core.clock import utcnow
from core.errors import Conflict, Refused
from core.settings import load
from tests.appliance.backup.conftest import AT, ROWS, Small, record
from webapp.app import prepare
from webapp.audit import chain
from webapp.db.database import db


def quiet(_step: str) -> None:
    """A restore that tells nobody."""


def whole_rows(small: Small) -> int:
    """Rows of the box's audit record, which must be unbroken."""
    prepare(load(small.config))
    with db.connection_context():
        verdict = chain.verify()
    assert verdict.fault == ""
    return verdict.rows


def test_bare_machine_comes_back_with_the_recovery_key_alone(backed: Small, tmp_path: Path) -> None:
    etc = backed.config.parent
    (etc / "certificates").mkdir()
    (etc / "certificates/chain.pem").write_text("the chain\n")
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    db.obj.close_all()
    shutil.rmtree(tmp_path / "box")
    done = restore(Wanted(backed.target, backed.recovery_key), backed.config, at=AT, say=quiet)
    assert (done.manifest.rows["audit_event"], done.aside) == (ROWS, "")
    assert whole_rows(backed) == ROWS
    assert backed.settings.paths.master_key.stat().st_mode & 0o777 == 0o400
    assert (etc / "certificates/chain.pem").read_text() == "the chain\n"
    assert (etc / "certificates/chain.pem").stat().st_mode & 0o007 == 0
    assert not (Path(backed.settings.paths.data) / ".restore").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other accounts")
def test_what_comes_back_belongs_to_the_account_that_uses_it(backed: Small) -> None:
    """The media server could not start over a spool that is somebody else's, nor the portal over its database."""
    data = Path(backed.settings.paths.data)
    (data / "rtc").mkdir(exist_ok=True)
    (data / "rtc/events.jsonl").write_text("")
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    db.obj.close_all()
    with backed.config.open("a") as settings:
        settings.write('[users]\nportal = "daemon"\nrtc = "games"\n')
    restore(Wanted(backed.target, backed.recovery_key, replace=True), backed.config, at=AT, say=quiet)
    portal, rtc = pwd.getpwnam("daemon"), pwd.getpwnam("games")
    for name in ("rtc", "rtc/events.jsonl"):
        found = (data / name).stat()
        assert (found.st_uid, found.st_gid) == (rtc.pw_uid, portal.pw_gid), name
    assert (data / "wellhouse.db").stat().st_uid == portal.pw_uid


def test_numbers_go_on_where_the_lost_box_had_stopped(backed: Small, tmp_path: Path) -> None:
    """A set that the new box makes must not pass for one that is older than the old box's."""
    for _ in range(2):
        back_up(backed.settings, backed.config, backed.keyring, at=AT)
    db.obj.close_all()
    shutil.rmtree(tmp_path / "box")
    second = make.repository(backed.target, backed.settings, backed.keyring).snapshots()[1].id
    restore(Wanted(backed.target, backed.recovery_key, second), backed.config, at=AT, say=quiet)
    answers = back_up(load(backed.config), backed.config, backed.keyring, at=AT)
    assert [answer.fault for answer in answers] == [""]
    assert read_state(load(backed.config)).number == 4


def test_live_data_are_not_covered_without_being_asked(backed: Small) -> None:
    before = manifest.digest(backed.settings.paths.database_file)
    with pytest.raises(Refused, match="--replace"):
        restore(Wanted(backed.target, backed.recovery_key), backed.config, at=AT, say=quiet)
    assert manifest.digest(backed.settings.paths.database_file) == before


def test_replaced_data_are_kept_aside(backed: Small) -> None:
    record(5)
    db.obj.close_all()
    done = restore(Wanted(backed.target, backed.recovery_key, replace=True), backed.config, at=AT, say=quiet)
    assert (Path(done.aside) / "wellhouse.db").exists()
    assert whole_rows(backed) == ROWS


def test_another_boxs_recovery_key_is_refused(backed: Small, tmp_path: Path) -> None:
    new = tmp_path / "new/wellhouse.toml"
    with pytest.raises(Refused, match="does not open the backups"):
        restore(Wanted(backed.target, "ab" * 32), new, at=AT, say=quiet)
    assert not new.exists()


@pytest.mark.parametrize("typed", ["", "xyz", "ab" * 31, "ab" * 33])
def test_mistyped_recovery_key_is_told(typed: str) -> None:
    with pytest.raises(Refused, match="look again"):
        parse_recovery_key(typed)


def test_sheet_holds_the_key_that_opens_everything(backed: Small) -> None:
    sheet = recovery_sheet(backed.settings, at=AT)
    lines = sheet.split("Recovery key\n")[1].split("\n\n")[0]
    assert parse_recovery_key(lines).backup_password() == backed.keyring.backup_password()
    assert backed.keyring.backup_password() in sheet
    assert backed.target in sheet


def test_drill_proves_the_newest_set(backed: Small) -> None:
    record(1)
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    done = drill(backed.target, backed.settings, backed.keyring, at=AT)
    assert done.number == read_state(backed.settings).number == 2
    assert not (workplace(backed.settings) / "drill").exists()


def test_copies_before_and_after_one_row_share_nearly_all_pages(backed: Small) -> None:
    record(3000)
    before = _pages(stage(backed.settings, backed.config, backed.keyring, number=1, at=AT) / "wellhouse.db")
    record(1)
    after = _pages(stage(backed.settings, backed.config, backed.keyring, number=2, at=AT) / "wellhouse.db")
    assert len(after) > 200
    assert len(after - before) < 0.05 * len(after)


def test_target_that_is_gone_is_named_and_does_not_stop_the_other(backed: Small, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.write_text("a file where a folder should be")
    both = backed.with_backup(targets=[gone, backed.target])
    answers = back_up(both.settings, both.config, both.keyring, at=AT)
    assert [bool(answer.fault) for answer in answers] == [True, False]
    assert str(gone) in answers[0].fault


def test_disk_that_is_not_mounted_gets_no_second_repository(backed: Small) -> None:
    """Else copies would fill the box's own disk, under the mount point, and nobody would notice."""
    Path(backed.target).rename(f"{backed.target}.unplugged")
    Path(backed.target).mkdir()
    (answer,) = back_up(backed.settings, backed.config, backed.keyring, at=AT)
    assert "Is the disk mounted?" in answer.fault
    assert list(Path(backed.target).iterdir()) == []


def test_no_target_is_said_before_anything_is_copied(backed: Small) -> None:
    none = backed.with_backup(targets=[])
    with pytest.raises(Refused, match="No backup target"):
        back_up(none.settings, none.config, none.keyring, at=AT)


def test_two_backups_at_once_do_not_mix_their_sets(backed: Small) -> None:
    with alone(backed.settings), pytest.raises(Conflict, match="at this moment"):
        back_up(backed.settings, backed.config, backed.keyring, at=AT)
    with alone(backed.settings), pytest.raises(Conflict, match="at this moment"):
        drill(backed.target, backed.settings, backed.keyring, at=AT)


def test_old_copies_are_dropped_once_a_day_unless_the_target_only_takes(backed: Small, tmp_path: Path) -> None:
    keeps_all = tmp_path / "keeps-all"
    both = backed.with_backup(
        targets=[backed.target, keeps_all],
        append_only=[keeps_all],
        keep_hourly=1,
        keep_daily=0,
        keep_weekly=0,
        keep_monthly=0,
    )
    for day in range(3):
        later = AT.replace(day=13 + day)
        assert [answer.fault for answer in back_up(both.settings, both.config, both.keyring, at=later)] == ["", ""]
    kept, all_of_them = (
        make.repository(target, both.settings, both.keyring).snapshots() for target in both.settings.backup.targets
    )
    assert [snapshot.number for snapshot in kept] == [4]
    assert [snapshot.number for snapshot in all_of_them] == [2, 3, 4]


def test_full_disk_is_said_in_a_sentence(backed: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(make, "stage_files", full)
    with pytest.raises(Exception, match=r"No space left on device. Is the disk full\?"):
        back_up(backed.settings, backed.config, backed.keyring, at=utcnow())


def _pages(file: Path) -> set[bytes]:
    raw = file.read_bytes()
    return {raw[i : i + 4096] for i in range(0, len(raw), 4096)}
