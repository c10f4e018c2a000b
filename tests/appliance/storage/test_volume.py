"""A box that has, or misses, a volume for its data. Opening one takes dm-crypt, which few test machines have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from appliance.box import Box
from appliance.checks.finding import Level
from appliance.commands.check import findings
from appliance.configure import root as folder
from appliance.configure.apply import apply
from appliance.storage import volume
from appliance.storage.volume import State
from core.errors import Refused
from core.settings import Settings, load
from tests.appliance.folder import configured, wellhouse

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def missing(box_root: Path) -> Settings:
    """A box whose data lie on a volume that is not here."""
    settings = configured(box_root)
    uuid = str(uuid4())
    volume.record_file(settings).write_text(f'{{"uuid": "{uuid}", "made_at": 1790000000.0}}\n')
    return settings


def test_no_new_practice_is_begun_where_the_data_are_missed(missing: Settings, box_root: Path) -> None:
    with pytest.raises(Refused, match=r"not open.*wellhouse storage open"):
        apply(missing, folder.settings_file(box_root), at=AT)
    told = wellhouse("up", "--root", box_root)
    assert (told.returncode, "The volume with the data is not open" in told.stderr) == (2, True)
    assert not missing.paths.database_file.exists()


def test_a_missing_disk_is_named_with_what_to_look_at(missing: Settings) -> None:
    with pytest.raises(Refused, match=r"LUKS volume .* is not there.*cable"):
        volume.open_and_mount(missing, wait_s=0)


def test_check_names_a_volume_that_is_closed(missing: Settings, box_root: Path) -> None:
    assert volume.look(missing).state is State.CLOSED
    file = folder.settings_file(box_root)
    found = list(findings("storage", Box(file, load(file)), at=AT))
    assert [finding.level for finding in found] == [Level.ERROR]
    assert found[0].then == "Run: sudo wellhouse storage open"


@pytest.mark.parametrize(
    ("database", "level", "word"),
    [
        ("", Level.NOTE, "encrypted by themselves"),
        ('[database]\nengine = "postgresql"\ndsn = "dbname=wellhouse"\n', Level.WARNING, "PostgreSQL keeps"),
    ],
)
def test_check_names_a_data_folder_that_is_not_encrypted(
    box_root: Path, database: str, level: Level, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.checks.storage.on_encrypted_device", lambda _path: False)
    settings = configured(box_root)
    file = folder.settings_file(box_root)
    file.write_text(f"{file.read_text()}\n{database}")
    found = list(findings("storage", Box(file, load(file)), at=AT))
    assert [finding.level for finding in found] == [level]
    assert f"{settings.paths.data} is not on an encrypted volume" in found[0].sentence
    assert word in found[0].sentence


def test_a_box_without_a_volume_has_nothing_to_open(box_root: Path) -> None:
    settings = configured(box_root)
    assert not volume.open_and_mount(settings)
    assert not volume.unmount_and_close(settings)
    assert "on the system's disk" in wellhouse("storage", "--root", box_root).stdout


def test_data_that_are_there_already_are_not_covered(box_root: Path, tmp_path: Path) -> None:
    settings = configured(box_root)
    settings.paths.database_file.touch()
    with pytest.raises(Refused, match=r"no disk"):
        volume.use(settings, tmp_path, at=AT)
    with pytest.raises(Refused, match=r"holds data already.*wellhouse\.db"):
        volume.refuse_other_data(settings)
    assert not volume.record_file(settings).exists()


def test_a_damaged_record_is_told(box_root: Path) -> None:
    settings = configured(box_root)
    volume.record_file(settings).write_text("{")
    with pytest.raises(Refused, match="storage use DEVICE"):
        volume.look(settings)
