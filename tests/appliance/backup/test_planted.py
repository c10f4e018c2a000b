"""What somebody who had taken over a part of the box could have left in its data, for root or a backup to trip over."""

from __future__ import annotations

import json
import os
import pwd
import stat
from pathlib import Path

import pytest

from appliance.backup import placing
from appliance.backup.make import back_up, stage
from appliance.backup.prove import prove
from appliance.backup.restore import Wanted, restore
from appliance.backup.state import workplace
from core.errors import Refused
from core.settings import Settings, load
from tests.appliance.backup.conftest import AT, Small
from webapp.db.database import db

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other accounts")


def quiet(_: str) -> None:
    """Nobody watches."""


def several_accounts(backed: Small) -> Settings:
    """The box's settings from now on: the portal is an account of its own."""
    db.obj.close_all()
    with backed.config.open("a") as settings:
        settings.write('[users]\nportal = "daemon"\nrtc = "games"\n')
    return load(backed.config)


def bring_back(backed: Small) -> None:
    db.obj.close_all()
    restore(Wanted(backed.target, backed.recovery_key, replace=True), backed.config, at=AT, say=quiet)


@AS_ROOT
def test_link_in_the_backups_workplace_gives_nothing_away(backed: Small, tmp_path: Path) -> None:
    precious = tmp_path / "shadow"
    precious.write_text("root's")
    place = workplace(several_accounts(backed))
    (place / "planted").symlink_to(precious)
    bring_back(backed)
    assert precious.stat().st_uid == 0


@AS_ROOT
def test_workplace_that_is_a_link_elsewhere_is_not_followed(backed: Small, tmp_path: Path) -> None:
    theirs = tmp_path / "etc"
    theirs.mkdir()
    (theirs / "passwd").write_text("root's")
    place = workplace(several_accounts(backed))
    place.rename(place.with_name("away"))
    place.symlink_to(theirs)
    bring_back(backed)
    assert {file.stat().st_uid for file in (theirs, theirs / "passwd")} == {0}
    assert list(theirs.iterdir()) == [theirs / "passwd"]
    assert place.is_dir()
    assert not place.is_symlink()


@AS_ROOT
@pytest.mark.parametrize("kept_by", ["its own", "a link"])
def test_plan_that_root_has_not_made_is_not_carried_out(backed: Small, tmp_path: Path, kept_by: str) -> None:
    settings = several_accounts(backed)
    scratch = placing.make_scratch(settings)
    (scratch / "set").mkdir()
    (scratch / "set/wellhouse.db").write_text("theirs")
    proved = prove(stage(settings, backed.config, backed.keyring, number=1, at=AT), backed.keyring)
    db.obj.close_all()
    placing.plan(settings, backed.keyring, proved, newest=1, schema="", at=AT)
    made_up = json.loads((scratch / "plan.json").read_text()) | {"aside": "../outside"}
    (scratch / "plan.json").write_text(json.dumps(made_up))
    portal = pwd.getpwnam("daemon")
    for each in (scratch, *scratch.rglob("*")):
        os.chown(each, portal.pw_uid, portal.pw_gid)
    if kept_by == "a link":
        scratch.rename(tmp_path / "elsewhere")
        scratch.symlink_to(tmp_path / "elsewhere")
    placing.refuse_half_restored(settings)
    bring_back(backed)
    assert not (scratch.parent.parent / "outside").exists()
    assert settings.paths.database_file.read_bytes() != b"theirs"


@pytest.mark.parametrize("what", ["a link", "a pipe"])
def test_set_with_something_that_is_no_file_is_refused(backed: Small, tmp_path: Path, what: str) -> None:
    found = stage(backed.settings, backed.config, backed.keyring, number=2, at=AT)
    prove(found, backed.keyring)
    (found / "documents").mkdir(exist_ok=True)
    if what == "a link":
        (found / "documents/planted").symlink_to("/etc/shadow")
    else:
        os.mkfifo(found / "documents/planted")
    with pytest.raises(Refused, match="documents/planted, which is neither"):
        prove(found, backed.keyring)


@AS_ROOT
def test_files_that_come_back_are_run_by_nobody_as_somebody_else(backed: Small) -> None:
    documents = Path(backed.settings.paths.data) / "documents"
    documents.mkdir(exist_ok=True)
    (documents / "tool").write_text("#!/bin/sh\n")
    (documents / "tool").chmod(0o4777)
    assert [answer.fault for answer in back_up(backed.settings, backed.config, backed.keyring, at=AT)] == [""]
    several_accounts(backed)
    bring_back(backed)
    assert stat.S_IMODE((documents / "tool").stat().st_mode) == 0o750


@pytest.mark.parametrize("what", ["a link", "a pipe"])
def test_spool_that_is_no_file_brings_no_key_into_a_set_and_stops_no_backup(backed: Small, what: str) -> None:
    """The spool is the media server's own, who may read no key; the backup may."""
    spool = backed.settings.paths.room_event_spool
    spool.parent.mkdir(exist_ok=True)
    if what == "a link":
        spool.symlink_to(backed.settings.paths.plain_master_key)
    else:
        os.mkfifo(spool)
    found = stage(backed.settings, backed.config, backed.keyring, number=2, at=AT)
    assert not (found / "rtc/events.jsonl").exists()
    prove(found, backed.keyring)


def test_links_among_the_documents_are_left_out_and_stop_no_backup(backed: Small) -> None:
    documents = Path(backed.settings.paths.data) / "documents"
    documents.mkdir(exist_ok=True)
    (documents / "ours").write_text("sealed")
    (documents / "file").symlink_to(backed.settings.paths.plain_master_key)
    (documents / "folder").symlink_to(backed.settings.paths.keys)
    os.mkfifo(documents / "pipe")
    found = stage(backed.settings, backed.config, backed.keyring, number=2, at=AT)
    assert [file.name for file in (found / "documents").iterdir()] == ["ours"]
    prove(found, backed.keyring)
