"""A small box and one backup of it, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.backup.make import back_up
from appliance.backup.restic import Repository
from appliance.backup.state import read_state, write_state
from core.settings import Backup, Settings, load
from tests import box
from tests.appliance.backup.cheap_key import make_cheap
from webapp.access.actor import SYSTEM
from webapp.app import migrate_database, prepare
from webapp.audit.events import Action, Event
from webapp.crypto.keyring import Keyring
from webapp.db.database import db
from webapp.db.unit import unit

AT = datetime(2026, 3, 12, 3, 0, tzinfo=UTC)
MASTER = "5a" * 32
ROWS = 20


@dataclass(frozen=True)
class Small:
    """A box of ROWS audit rows. *target* is its first target."""

    settings: Settings
    config: Path
    keyring: Keyring

    @property
    def target(self) -> str:
        return self.settings.backup.targets[0]

    @property
    def recovery_key(self) -> str:
        return MASTER

    def with_backup(self, **values: object) -> Small:
        """The same box with other [backup] settings."""
        write_config(self.settings, **values)
        return replace(self, settings=load(self.config))


def write_config(settings: Settings, **backup: object) -> Path:
    """Write the settings file of *settings* with a [backup] section of *backup*; the file."""
    lines = [f'{name} = "{getattr(settings.paths, name)}"' for name in ("etc", "data", "keys", "run", "log")]
    if settings.database.engine == "postgresql":
        lines += ["[database]", 'engine = "postgresql"', f'dsn = "{settings.database.dsn}"']
    lines.append("[backup]")
    lines += [f"{name} = {list(map(str, v)) if isinstance(v, list) else repr(v)}" for name, v in backup.items()]
    file = Path(settings.paths.etc) / "wellhouse.toml"
    file.write_text("[paths]\n" + "\n".join(lines) + "\n")
    return file


def record(rows: int) -> None:
    """Let something happen *rows* times."""
    with db.connection_context():
        for number in range(rows):
            with unit(Event(Action.DEMO_SEEDED, SYSTEM, about={"n": number})):
                pass


def small_box(root: Path, target: str, *, dsn: str = "") -> Small:
    """A box of its own, with its database open in this process."""
    made = box.make_settings(root, master=MASTER, dsn=dsn)
    config = write_config(made, targets=[target])
    settings = load(config)
    migrate_database(settings)
    record(ROWS)
    return Small(settings, config, Keyring.of(settings.paths))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``box``, and ``target`` with one backup of it."""
    folder = tmp_path_factory.mktemp("template")
    made = small_box(folder / "box", str(folder / "target"))
    db.obj.close_all()
    assert [answer.fault for answer in back_up(made.settings, made.config, made.keyring, at=AT)] == [""]
    return folder


@pytest.fixture(scope="session")
def empty_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without any set, for boxes whose master key is MASTER."""
    folder = tmp_path_factory.mktemp("empty")
    keyring = Keyring(bytes.fromhex(MASTER))
    Repository.of(str(folder / "target"), keyring, Backup(), folder / "cache").provide(known=False)
    make_cheap(folder / "target", keyring.backup_password())
    return folder / "target"


@pytest.fixture
def backed(template: Path, tmp_path: Path) -> Iterator[Small]:
    """A box with one backup in a folder."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    paths = {name: str(tmp_path / "box" / name) for name in ("etc", "data", "keys", "run", "log")}
    settings = load(template / "box/etc/wellhouse.toml")
    settings = replace(settings, paths=replace(settings.paths, **paths))
    config = write_config(settings, targets=[tmp_path / "target"])
    settings = load(config)
    state = read_state(settings)
    (kept,) = state.targets.values()
    write_state(settings, replace(state, targets={settings.backup.targets[0]: kept}))
    keyring = prepare(settings)
    yield Small(settings, config, keyring)
    db.obj.close_all()
