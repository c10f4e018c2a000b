"""5,000 requests with somebody else's ids on each database: ``python -m tests.bench.swaps [number] [seed]``.

Prints how large the matrix is, how many swaps were refused and how many got through, rightly. A hole ends it.
"""

from __future__ import annotations

import random
import secrets
import sys
import tempfile
import time
from pathlib import Path

import pytest

from core.settings import Settings
from tests import box, postgres
from tests.webapp.matrix.playing import World
from tests.webapp.matrix.scene import Who
from tests.webapp.matrix.swaps import Swaps
from webapp.app import create_app, migrate_database
from webapp.appointments.visit import rtc_control
from webapp.db.database import db


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(10**6)
    with tempfile.TemporaryDirectory() as folder:
        _run("SQLCipher", box.make_settings(Path(folder) / "a"), number, seed)
        with postgres.server() as dsn:
            postgres.execute(dsn, "CREATE DATABASE bench")
            _run("PostgreSQL", box.make_settings(Path(folder) / "b", dsn=f"{dsn} dbname=bench"), number, seed)


def _run(name: str, settings: Settings, number: int, seed: int) -> None:
    migrate_database(settings)
    db.obj.close_all()
    app = create_app(settings, testing=True)
    db.connect(reuse_if_open=True)
    with pytest.MonkeyPatch.context() as patch:
        # The media server is not what is asked here.
        patch.setattr(rtc_control, "remove_participant", lambda *_what: None)
        world = World(app)
        cells = len(world.places) * len(Who)
        begun = time.perf_counter()
        played = Swaps(world, random.Random(seed)).run(number)
        took_s = time.perf_counter() - begun
    print(  # noqa: T201
        f"{name:10} {len(world.places)} endpoints, {len(Who)} principals, {cells} cells; seed {seed}: "
        f"{played['refused']} refused, {played['got through']} got through rightly, 0 wrong, {took_s:.0f} s"
    )
    if not db.is_closed():
        db.close()
    db.obj.close_all()


if __name__ == "__main__":
    main()
