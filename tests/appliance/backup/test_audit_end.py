"""An end of the audit record that was cut off, with a genuine older head put back, is told by who remembers it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance import audit_anchor
from appliance.backup.audit_ends import remembered_ends
from appliance.backup.make import back_up, repository
from appliance.backup.restore import Wanted, restore
from appliance.box import Box
from appliance.checks import audit
from core.settings import load
from tests.appliance.backup.conftest import AT, ROWS, Small, record
from tests.appliance.folder import wellhouse
from webapp.app import prepare
from webapp.db.database import db


@pytest.fixture
def cut_off(backed: Small, tmp_path: Path) -> Small:
    """The database as it was five rows ago, whole by itself, in the place of today's; root and a backup saw today's."""
    older = tmp_path / "older.db"
    db.obj.close_all()
    shutil.copy(backed.settings.paths.database_file, older)
    prepare(backed.settings)
    record(5)
    db.obj.close_all()
    assert audit.verify(Box(backed.config, backed.settings)).rows == ROWS + 5
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    shutil.copy(older, backed.settings.paths.database_file)
    return backed


def test_cut_off_end_is_told_by_the_first_row_that_is_missing(cut_off: Small) -> None:
    verdict = audit.verify(Box(cut_off.config, cut_off.settings))
    assert verdict.fault.startswith(f"Row {ROWS + 1} of the audit record is missing, and all after it: row {ROWS + 5}")
    told = wellhouse("audit", "verify", "--config", cut_off.config)
    assert (told.returncode, f"Row {ROWS + 1} of the audit record is missing" in told.stderr) == (1, True)


def test_the_backup_alone_tells_it_too(cut_off: Small) -> None:
    """The file beside the settings may be gone with the machine's disk, or with whoever was root."""
    (Path(cut_off.settings.paths.etc) / "audit-end.json").unlink()
    assert "is missing" in audit.verify(Box(cut_off.config, cut_off.settings)).fault


def test_end_that_was_written_anew_is_told(cut_off: Small) -> None:
    prepare(cut_off.settings)
    record(9)
    db.obj.close_all()
    fault = audit.verify(Box(cut_off.config, cut_off.settings)).fault
    assert fault.startswith(f"Row {ROWS + 5} of the audit record is not the one that was there")


def test_end_that_was_found_cut_off_is_not_remembered_instead(cut_off: Small) -> None:
    box = Box(cut_off.config, cut_off.settings)
    assert audit.verify(box).fault
    remembered = audit_anchor.remembered(cut_off.settings, cut_off.keyring)
    assert remembered is not None
    assert remembered.sequence == ROWS + 5
    assert audit.verify(box).fault


def test_remembered_end_that_somebody_wrote_is_not_believed(backed: Small) -> None:
    file = Path(backed.settings.paths.etc) / "audit-end.json"
    audit.verify(Box(backed.config, backed.settings))
    file.write_text(file.read_text().replace(f'"sequence": {ROWS}', '"sequence": 3'))
    assert audit_anchor.remembered(backed.settings, backed.keyring) is None


def test_restored_box_is_not_accused_of_what_came_after_its_backup(backed: Small) -> None:
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    record(5)
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    db.obj.close_all()
    audit.verify(Box(backed.config, backed.settings))
    middle = repository(backed.target, backed.settings, backed.keyring).snapshots()[1].id
    restore(Wanted(backed.target, backed.recovery_key, middle, replace=True), backed.config, at=AT, say=lambda _: None)
    settings = load(backed.config)
    verdict = audit.verify(Box(backed.config, settings))
    assert (verdict.fault, verdict.rows) == ("", ROWS)
    back_up(settings, backed.config, backed.keyring, at=AT)
    ends, unread = remembered_ends(settings, backed.keyring)
    assert ([end.sequence for end in ends], unread) == ([ROWS, ROWS], [])


def test_backup_that_cannot_be_asked_is_named(backed: Small) -> None:
    Path(backed.target).rename(f"{backed.target}.unplugged")
    verdict = audit.verify(Box(backed.config, backed.settings))
    assert verdict.fault == ""
    assert "Is the disk mounted?" in verdict.unread[0]
