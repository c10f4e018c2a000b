"""Room on the disks that data and logs lie on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, warning

LITTLE_BYTES = 2 * 1024**3  # a day of documents and logs
TOO_LITTLE_BYTES = 256 * 1024**2  # the database needs room for its journal
LITTLE_FILES = 10_000


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    paths = box.settings.paths
    for name, path in (("data", paths.data), ("logs", paths.log)):
        status = os.statvfs(Path(path))
        free = status.f_bavail * status.f_frsize
        size = f"{free / 1024**3:.1f} GB"
        then = f"Make room on the disk of {path}, or move it to a larger one."
        if free < TOO_LITTLE_BYTES:
            yield error(f"The disk of the {name} has only {size} left: saving will fail.", then)
        elif free < LITTLE_BYTES:
            yield warning(f"The disk of the {name} has {size} left.", then)
        elif status.f_files and status.f_favail < LITTLE_FILES:
            yield warning(f"The disk of the {name} has room for only {status.f_favail} more files.", then)
        else:
            yield ok(f"{size} free for the {name}.")
