"""What is opened, and what is not: nothing plain, nothing with another key, nothing of another version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.clock import utcnow
from core.errors import Refused, Unavailable
from core.settings import Settings
from tests import box
from tests.webapp.at_once import at_once
from webapp.access.actor import SYSTEM
from webapp.account.models import SignInTry
from webapp.app import migrate_database, prepare
from webapp.audit.events import Action, Event
from webapp.db import database as database_module
from webapp.db import migrate
from webapp.db.database import PLAIN_SQLITE, db
from webapp.db.unit import unit

CANARY = "canary-of-cedar-hollow"


def close() -> None:
    if not db.is_closed():
        db.close()
    db.obj.close_all()


@pytest.fixture
def sqlite_box(tmp_path: Path) -> Settings:
    settings = box.make_settings(tmp_path)
    migrate_database(settings)
    close()
    return settings


def test_file_holds_nothing_readable(sqlite_box: Settings) -> None:
    prepare(sqlite_box)
    with db.connection_context(), unit(Event(Action.PRACTICE_SAVED, SYSTEM, about={"canary": CANARY})):
        pass
    files = [file for file in Path(sqlite_box.paths.data).iterdir() if file.is_file()]
    assert {file.suffix for file in files} >= {".db"}
    for file in files:
        assert CANARY.encode() not in file.read_bytes(), file
        assert not file.read_bytes().startswith(PLAIN_SQLITE), file
    close()


def test_plain_database_is_not_opened(sqlite_box: Settings) -> None:
    file = sqlite_box.paths.database_file
    file.unlink()
    with sqlite3.connect(file) as plain:
        plain.execute("CREATE TABLE note (body TEXT)")
    plain.close()
    with pytest.raises(Refused, match="is not encrypted"):
        prepare(sqlite_box)


def test_other_key_is_told_with_the_files_name_and_the_file_stays_as_it_was(sqlite_box: Settings) -> None:
    file, key = sqlite_box.paths.database_file, sqlite_box.paths.master_key
    before = file.read_bytes()
    key.chmod(0o600)
    key.write_text("cd" * 32)
    key.chmod(0o400)
    with pytest.raises(Refused, match=rf"does not open {file}.*untouched.*recovery sheet"):
        prepare(sqlite_box)
    assert file.read_bytes() == before


def test_damaged_database_is_told_by_name(sqlite_box: Settings) -> None:
    file = sqlite_box.paths.database_file
    file.write_bytes(b"\x00" * 100 + file.read_bytes()[100:])
    with pytest.raises(Refused, match=str(file)):
        prepare(sqlite_box)


def test_silent_postgresql_is_told_by_its_address(tmp_path: Path) -> None:
    settings = box.make_settings(tmp_path, dsn=f"host={tmp_path} dbname=wellhouse user=nobody")
    with pytest.raises(Refused, match=f"PostgreSQL does not answer at “host={tmp_path}"):
        prepare(settings)


def test_portal_waits_for_its_migrations(database: Settings, tmp_path: Path) -> None:
    migrate.refuse_if_behind(db.obj)
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in migrate.MIGRATIONS.glob("0*.py"):
        (folder / file.name).write_text(file.read_text())
    (folder / "9999_planted.py").write_text(
        "def up(_migrator, db):\n    db.execute_sql('CREATE TABLE planted (id INT)')\n"
    )
    db.close()
    with pytest.raises(Refused, match="awaits 9999_planted"):
        migrate.refuse_if_behind(db.obj, folder)
    assert migrate.migrate(db.obj, folder) == ["9999_planted"]
    migrate.refuse_if_behind(db.obj, folder)
    with pytest.raises(Refused, match=r"newer than this program.*9999_planted"):
        migrate.refuse_if_behind(db.obj)


def test_migrating_again_changes_nothing(database: Settings) -> None:
    db.close()
    assert migrate.migrate(db.obj) == []


def test_writers_at_the_same_moment_all_get_their_turn(database: Settings) -> None:
    def act(number: int) -> None:
        for _ in range(5):
            with unit(Event(Action.SIGN_IN_FAILED, SYSTEM)):
                SignInTry.create(at=utcnow(), account_key=str(number), address_key="", device_key="")

    assert at_once(6, act) == {"done": 6}
    assert SignInTry.select().count() == 30


def test_writer_that_waits_too_long_is_asked_to_come_back(
    sqlite_box: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "LOCK_WAIT_S", 0.05)
    prepare(sqlite_box)

    def second(_number: int) -> None:
        with unit(Event(Action.PRACTICE_SAVED, SYSTEM)):
            pass

    with db.connection_context(), unit(Event(Action.PRACTICE_SAVED, SYSTEM)):
        assert at_once(1, second) == {Unavailable.__name__: 1}
    close()
