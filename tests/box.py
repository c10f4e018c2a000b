"""A box to test against: folders, keys, settings and a migrated database of its own."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings, parse
from webapp.app import migrate_database
from webapp.appointments.visit import relay_guests
from webapp.db.database import db

# Real argon2id, at a cost that hundreds of tests can bear; one test signs in at production cost.
CHEAP_PASSWORDS = {"memory_kib": 64, "time_cost": 1, "parallelism": 1}


@dataclass(frozen=True)
class Folders:
    root: Path

    def make(self) -> dict[str, str]:
        names = ("etc", "data", "keys", "run", "log")
        for name in names:
            (self.root / name).mkdir(parents=True, mode=0o700)
        return {name: str(self.root / name) for name in names}


def make_settings(root: Path, *, dsn: str = "", master: str | None = None, **sections: dict[str, object]) -> Settings:
    """Settings for a box under *root*, on PostgreSQL if *dsn* is given."""
    paths = Folders(root).make()
    key = Path(paths["keys"]) / "master.key"
    key.write_text(master or secrets.token_hex(32))
    key.chmod(0o400)
    database = {"engine": "postgresql", "dsn": dsn} if dsn else {"engine": "sqlite"}
    settings = parse({"paths": paths, "database": database, "passwords": CHEAP_PASSWORDS, **sections})
    settings.paths.relay_guests.parent.mkdir()
    relay_guests.make(settings.paths.relay_guests)
    return settings


def migrated_file(root: Path, master: str) -> Path:
    """An encrypted SQLite database, migrated once, to be copied for each test."""
    settings = make_settings(root, master=master)
    migrate_database(settings)
    db.obj.close_all()
    target = root / "template.db"
    shutil.copy(settings.paths.database_file, target)
    return target
