"""What the rehearsal does inside the machine, as the portal's account and with the installed release's Python.

python -m tests.system.machine.inside people        a provider, a client, their visit, and more of both; prints JSON
python -m tests.system.machine.inside fingerprint   rows and a hash of every table, and of every document
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import utcnow
from core.settings import DEFAULT_FILE, Settings, load
from tests.browser.visit.meeting import Meeting, make_meeting
from webapp.app import prepare
from webapp.db.database import db

MEETINGS = 12  # so that there is something to lose


@dataclass(frozen=True)
class People:
    """Two who may meet now: the path of their appointment, and the cookies of their sessions."""

    path: str
    provider: str
    client: str


def main(what: str) -> None:
    settings = load(DEFAULT_FILE)
    prepare(settings)
    with db.connection_context():
        answer = {"people": _people, "fingerprint": _fingerprint}[what](settings)
    json.dump(answer, sys.stdout)


def _people(settings: Settings) -> dict[str, str]:
    meetings: list[Meeting] = [make_meeting(settings) for _ in range(MEETINGS)]
    documents = Path(settings.paths.data) / "documents"
    documents.mkdir(mode=0o700, exist_ok=True)
    for number in range(MEETINGS):
        # Sealed documents look like this to whoever copies them.
        (documents / f"{number:02}-{utcnow():%H%M%S}").write_bytes(os.urandom(20_000))
    last = meetings[-1]
    return {"path": last.path, "provider": last.provider.cookie, "client": last.client.cookie}


def _fingerprint(settings: Settings) -> dict[str, Any]:
    tables = {}
    for table in sorted(db.get_tables()):
        rows = db.execute_sql(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608  # names come from the database
        digests = sorted(hashlib.sha256(repr(_plain(row)).encode()).hexdigest() for row in rows)
        tables[table] = [len(rows), hashlib.sha256("".join(digests).encode()).hexdigest()]
    documents = Path(settings.paths.data) / "documents"
    files = {
        str(file.relative_to(documents)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(documents.rglob("*"))
        if file.is_file()
    }
    return {"tables": tables, "documents": files}


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


if __name__ == "__main__":
    main(sys.argv[1])
