"""Writes into the record of a box, and says what it holds, inside the machine and as the portal's account.

    python -m tests.system.vm.records   # {"names": […], "letter": "…"} on standard input, so that no disk sees it

The letter is a document that nothing has sealed: on the disk only the volume, and in a backup only restic, hides it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from core.settings import DEFAULT_FILE, load
from tests.browser.visit.meeting import make_meeting
from webapp.app import prepare
from webapp.clients.models import Client
from webapp.db.database import db


def main() -> None:
    asked = json.load(sys.stdin)
    settings = load(DEFAULT_FILE)
    prepare(settings)
    with db.connection_context():
        if asked["names"]:
            make_meeting(settings, *asked["names"])
        names = sorted(client.name for client in Client.select(Client.name))
    letter = Path(settings.paths.data) / "documents/letter"
    if asked["letter"]:
        letter.parent.mkdir(mode=0o700, exist_ok=True)
        letter.write_text(asked["letter"], encoding="utf-8")
    json.dump({"names": names, "letter": letter.read_text(encoding="utf-8")}, sys.stdout)


if __name__ == "__main__":
    main()
