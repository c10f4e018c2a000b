"""Backups with real restic: taken, shared, damaged, proved, and put back on a bare machine."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.backup import manifest
from appliance.backup.drill import drill
from appliance.backup.make import back_up, read_state, stage
from appliance.backup.prove import prove
from appliance.backup.restore import Wanted, parse_recovery_key, restore
from appliance.backup.sheet import recovery_sheet
from core.errors import Refused
from core.settings import Settings, load
from tests import box
from webapp.access.actor import SYSTEM
from webapp.app import migrate_database, prepare
from webapp.audit import chain
from webapp.audit.events import Action, Event
from webapp.crypto.keyring import Keyring
from webapp.db.database import db
from webapp.db.unit import unit

AT = datetime(2026, 3, 12, 3, 0, tzinfo=UTC)


def _write_config(settings: Settings, target: Path) -> Path:
    paths = settings.paths
    lines = [f'{name} = "{getattr(paths, name)}"' for name in ("etc", "data", "keys", "run", "log")]
    file = Path(paths.etc) / "wellhouse.toml"
    file.write_text("[paths]\n" + "\n".join(lines) + f'\n[backup]\ntargets = ["{target}"]\n')
    return file


def _record(rows: int) -> None:
    with db.connection_context():
        for number in range(rows):
            with unit(Event(Action.DEMO_SEEDED, SYSTEM, about={"n": number})):
                pass


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Settings, Path, Keyring]]:
    """A box with 20 audit rows."""
    config = _write_config(box.make_settings(tmp_path / "box"), tmp_path / "target")
    settings = load(config)
    migrate_database(settings)
    _record(20)
    yield settings, config, Keyring.of(settings.paths)
    db.obj.close_all()


@pytest.fixture
def backed(filled: tuple[Settings, Path, Keyring]) -> tuple[Settings, Path, Keyring]:
    """The same with one backup in a folder."""
    settings, config, keyring = filled
    assert [answer.fault for answer in back_up(settings, config, keyring, at=AT)] == [""]
    return filled


def _recovery_key(settings: Settings) -> str:
    return settings.paths.master_key.read_text()


def test_bare_machine_comes_back_with_the_recovery_key_alone(
    backed: tuple[Settings, Path, Keyring], tmp_path: Path
) -> None:
    settings, config, _ = backed
    key, target = _recovery_key(settings), settings.backup.targets[0]
    db.obj.close_all()
    shutil.rmtree(tmp_path / "box")
    done = restore(Wanted(target, key), config, at=AT, say=lambda _: None)
    assert done.manifest.rows["audit_event"] == 20
    prepare(load(config))
    with db.connection_context():
        assert chain.verify() == chain.Verdict(20, "")
    assert settings.paths.master_key.stat().st_mode & 0o777 == 0o400


def test_live_data_are_not_covered_without_being_asked(backed: tuple[Settings, Path, Keyring]) -> None:
    settings, config, _ = backed
    before = manifest.digest(settings.paths.database_file)
    with pytest.raises(Refused, match="--replace"):
        restore(Wanted(settings.backup.targets[0], _recovery_key(settings)), config, at=AT, say=lambda _: None)
    assert manifest.digest(settings.paths.database_file) == before


def test_replaced_data_are_kept_aside(backed: tuple[Settings, Path, Keyring]) -> None:
    settings, config, _ = backed
    _record(5)
    db.obj.close_all()
    wanted = Wanted(settings.backup.targets[0], _recovery_key(settings), replace=True)
    done = restore(wanted, config, at=AT, say=lambda _: None)
    assert done.aside is not None
    assert (done.aside / "wellhouse.db").exists()
    prepare(settings)
    with db.connection_context():
        assert chain.verify().rows == 20


def test_another_boxs_recovery_key_is_refused(backed: tuple[Settings, Path, Keyring], tmp_path: Path) -> None:
    settings, _, _ = backed
    with pytest.raises(Refused):
        restore(
            Wanted(settings.backup.targets[0], "ab" * 32), tmp_path / "new/wellhouse.toml", at=AT, say=lambda _: None
        )
    assert not (tmp_path / "new/wellhouse.toml").exists()


@pytest.mark.parametrize("typed", ["", "xyz", "ab" * 31, "ab" * 33])
def test_mistyped_recovery_key_is_told(typed: str) -> None:
    with pytest.raises(Refused, match="look again"):
        parse_recovery_key(typed)


def test_sheet_holds_the_key_that_opens_everything(filled: tuple[Settings, Path, Keyring]) -> None:
    settings, _, keyring = filled
    sheet = recovery_sheet(settings, at=AT)
    lines = sheet.split("Recovery key\n")[1].split("\n\n")[0]
    assert parse_recovery_key(lines).backup_password() == keyring.backup_password()


def test_drill_proves_the_newest_set(backed: tuple[Settings, Path, Keyring]) -> None:
    settings, config, keyring = backed
    _record(1)
    back_up(settings, config, keyring, at=AT)
    done = drill(settings.backup.targets[0], settings, keyring)
    assert done.number == read_state(settings).number == 2
    assert not (Path(settings.paths.data) / "backup/drill").exists()


def test_copies_before_and_after_one_row_share_nearly_all_pages(filled: tuple[Settings, Path, Keyring]) -> None:
    settings, config, keyring = filled
    _record(3000)
    before = _pages(stage(settings, config, keyring, number=1, at=AT) / "wellhouse.db")
    _record(1)
    after = _pages(stage(settings, config, keyring, number=2, at=AT) / "wellhouse.db")
    assert len(after) > 200
    assert len(after - before) < 0.1 * len(after)


def test_target_that_is_gone_is_named_and_does_not_stop_the_other(
    backed: tuple[Settings, Path, Keyring], tmp_path: Path
) -> None:
    _, config, keyring = backed
    gone = tmp_path / "gone"
    gone.write_text("a file where a folder should be")
    config.write_text(config.read_text().replace("targets = [", f'targets = ["{gone}", '))
    answers = back_up(load(config), config, keyring, at=AT)
    assert [bool(answer.fault) for answer in answers] == [True, False]
    assert str(gone) in answers[0].fault


def test_no_target_is_said_before_anything_is_copied(filled: tuple[Settings, Path, Keyring]) -> None:
    _, config, keyring = filled
    config.write_text(config.read_text().split("[backup]")[0])
    with pytest.raises(Refused, match="No backup target"):
        back_up(load(config), config, keyring, at=AT)


DAMAGES = ("flip", "cut", "swap", "extra", "missing", "manifest", "old")


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_set_is_refused(kind: str, filled: tuple[Settings, Path, Keyring]) -> None:
    settings, config, keyring = filled
    folder = stage(settings, config, keyring, number=9, at=AT)
    assert prove(folder, keyring).number == 9
    file = folder / "wellhouse.db"
    if kind == "flip":
        raw = bytearray(file.read_bytes())
        raw[random.Random(7).randrange(len(raw))] ^= 1
        file.write_bytes(raw)
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[:-4096])
    elif kind == "swap":
        _record(1)
        older = file.read_bytes()
        folder = stage(settings, config, keyring, number=10, at=AT)
        file.write_bytes(older)
    elif kind == "extra":
        (folder / "more").write_text("x")
    elif kind == "missing":
        file.unlink()
    elif kind == "manifest":
        text = json.loads((folder / manifest.FILE).read_text())
        text["manifest"] = text["manifest"].replace('"number":9', '"number":99')
        (folder / manifest.FILE).write_text(json.dumps(text))
    with pytest.raises(Refused):
        prove(folder, keyring, newer_than=12 if kind == "old" else 0)


def test_damaged_repository_is_refused_and_nothing_is_touched(
    backed: tuple[Settings, Path, Keyring], tmp_path: Path
) -> None:
    settings, _, _ = backed
    packs = sorted(path for path in (Path(settings.backup.targets[0]) / "data").rglob("*") if path.is_file())
    pack = max(packs, key=lambda path: path.stat().st_size)
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 0x55
    pack.chmod(0o600)
    pack.write_bytes(raw)
    new = tmp_path / "new/wellhouse.toml"
    with pytest.raises(Refused, match="damaged"):
        restore(Wanted(settings.backup.targets[0], _recovery_key(settings)), new, at=AT, say=lambda _: None)
    assert not new.exists()


def _pages(file: Path) -> set[bytes]:
    raw = file.read_bytes()
    return {raw[i : i + 4096] for i in range(0, len(raw), 4096)}
