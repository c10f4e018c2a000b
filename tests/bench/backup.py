"""A box of a gigabyte: how much two backups share, and how long it takes to be back. ``python -m tests.bench.backup``

On both databases: filled with real rows, backed up, one row changed, backed up again, destroyed, restored with the
recovery key, and compared table by table. ``--gigabytes 0.05 --folder /dev/shm`` for a quick look.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.backup.drill import drill
from appliance.backup.make import back_up
from appliance.backup.restore import Wanted, restore
from core.clock import utcnow
from core.settings import load
from tests import postgres
from tests.appliance.backup.conftest import Small, small_box
from tests.bench import large_box
from webapp.app import prepare
from webapp.audit import chain
from webapp.db.database import db

SHARED_GOAL = 0.95
RESTORE_GOAL_S = 120.0


@dataclass(frozen=True)
class Measured:
    """Times in seconds; *shared* is the part of the second set's bytes that the target had already."""

    set_bytes: int
    rows: int
    first_s: float
    second_s: float
    shared: float
    drill_s: float
    restore_s: float

    @property
    def good(self) -> bool:
        return self.shared >= SHARED_GOAL and self.restore_s <= RESTORE_GOAL_S


def measure(folder: Path, size_bytes: int, *, dsn: str = "") -> Measured:
    """Play one box's life in *folder*; an AssertionError if what came back is not what was lost."""
    target = folder / "target"
    small = small_box(folder / "box", str(target), dsn=dsn)
    large_box.fill(small.settings, size_bytes)
    prepare(small.settings)
    first_s = _timed_backup(small)
    after_first = _bytes_in(target)
    large_box.change_one_row()
    second_s = _timed_backup(small)
    grown = _bytes_in(target) - after_first
    begun = time.monotonic()
    drill(str(target), small.settings, small.keyring, at=utcnow())
    drill_s = time.monotonic() - begun

    db.obj.close_all()
    small.settings.paths.database_file.unlink(missing_ok=True)
    shutil.rmtree(Path(small.settings.paths.data))
    small.settings.paths.master_key.unlink()
    if dsn:
        postgres.execute(dsn.partition(" dbname=")[0], "DROP DATABASE measured")
        postgres.execute(dsn.partition(" dbname=")[0], "CREATE DATABASE measured")
    begun = time.monotonic()
    done = restore(Wanted(str(target), small.recovery_key), small.config, at=utcnow(), say=lambda _step: None)
    restore_s = time.monotonic() - begun

    prepare(load(small.config))
    with db.connection_context():
        verdict = chain.verify([done.manifest.audit])
    db.obj.close_all()
    assert (verdict.fault, verdict.rows) == ("", done.manifest.rows["audit_event"])
    set_bytes = max(after_first, 1)
    rows = sum(done.manifest.rows.values())
    return Measured(set_bytes, rows, first_s, second_s, 1 - grown / set_bytes, drill_s, restore_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="where to work [the system's temporary folder]")
    given = parser.parse_args()
    size_bytes = int(given.gigabytes * 1e9)
    good = True
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="wh-bench-") as folder:
        measured = measure(Path(folder) / "sqlite", size_bytes)
        good &= _tell("SQLCipher", measured)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="wh-bench-") as folder, postgres.server() as dsn:
        postgres.execute(dsn, "CREATE DATABASE measured")
        measured = measure(Path(folder) / "postgresql", size_bytes, dsn=f"{dsn} dbname=measured")
        good &= _tell("PostgreSQL", measured)
    return 0 if good else 1


def _timed_backup(small: Small) -> float:
    begun = time.monotonic()
    (answer,) = back_up(small.settings, small.config, small.keyring, at=utcnow())
    assert answer.fault == "", answer.fault
    return time.monotonic() - begun


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _tell(name: str, measured: Measured) -> bool:
    print(  # noqa: T201
        f"{name:10}  target after the first {measured.set_bytes / 1e9:.2f} GB, {measured.rows} rows; first backup "
        f"{measured.first_s:.0f} s, second {measured.second_s:.0f} s, shared {measured.shared:.2%}; drill "
        f"{measured.drill_s:.0f} s; restored and proved in {measured.restore_s:.0f} s",
        flush=True,
    )
    return measured.good


if __name__ == "__main__":
    sys.exit(main())
