"""``python -m tests.bench.races [--rounds 1000]``: twenty at once for what only one may have, on both databases.

Exit code 1 if any round had more or fewer than one winner.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from tests import box, postgres
from tests.webapp.account.racing import RACERS, RACES, wrong_rounds
from webapp.app import migrate_database, prepare
from webapp.db.database import db


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as folder:
        wrong = _run("SQLCipher", box.make_settings(Path(folder) / "a"), rounds)
        with postgres.server() as dsn:
            postgres.execute(dsn, "CREATE DATABASE bench")
            wrong += _run("PostgreSQL", box.make_settings(Path(folder) / "b", dsn=f"{dsn} dbname=bench"), rounds)
    return 1 if wrong else 0


def _run(name: str, settings: Settings, rounds: int) -> int:
    migrate_database(settings)
    db.obj.close_all()
    prepare(settings)
    found = 0
    with db.connection_context():
        for race in RACES:
            begun = time.monotonic()
            wrong = wrong_rounds(race, settings, rounds=rounds)
            found += len(wrong)
            took_s = time.monotonic() - begun
            words = f"{rounds} rounds of {RACERS}: {len(wrong)} without exactly one winner"
            print(f"{name:11} {race.name:20} {words}   {took_s:.0f} s")  # noqa: T201
    db.obj.close_all()
    return found


if __name__ == "__main__":
    sys.exit(main())
