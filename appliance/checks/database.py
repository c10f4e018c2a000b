"""The database opens with this box's key, is encrypted, and has the shape that this version expects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance import portal_steps
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from core.errors import Refused

PLAIN_SQLITE = b"SQLite format 3\x00"


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    paths = box.settings.paths
    files = [paths.queue_file]
    if box.settings.database.engine == "sqlite":
        files.insert(0, paths.database_file)
    for file in files:
        if file.exists():
            with file.open("rb") as opened:
                if opened.read(len(PLAIN_SQLITE)) == PLAIN_SQLITE:
                    yield error(f"{file} is not encrypted.", "Stop the appliance and restore it from a backup.")
    if files[0] == paths.database_file and not files[0].exists():
        yield error(f"There is no database {files[0]}.", "Run “wellhouse configure”, or restore a backup.")
        return
    try:
        portal_steps.run("open-database", box.settings, box.config)
    except Refused as e:
        yield error(e.sentence, "Nothing was changed. The portal does not start until this is mended.")
        return
    yield ok("The database opens with this box's key and has the shape that this version expects.")
