"""Where the data lie, and whether a stolen disk would show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from appliance.box import Box
from appliance.checks.devices import on_encrypted_device
from appliance.checks.finding import Finding, Level, error, ok, unless_demo, warning
from appliance.storage import volume
from appliance.storage.volume import State


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    settings = box.settings
    data = Path(settings.paths.data)
    found = volume.look(settings)
    if found.state is State.CLOSED:
        yield error(f"The data volume (LUKS {found.uuid}) is not open.", "Run: sudo wellhouse storage open")
        return
    if on_encrypted_device(data):
        yield ok(f"{data} lies on an encrypted volume.")
    elif found.state is State.OPEN:
        yield error(
            f"What is mounted at {data} is not the encrypted volume that the data belong on.",
            f"Stop Wellhouse, unmount {data}, and run: sudo wellhouse storage open",
        )
    elif settings.database.engine == "postgresql":
        finding = warning(
            f"{data} is not on an encrypted volume: names and times that PostgreSQL keeps would show on a stolen disk.",
            "Give the box a disk for its data: take a backup, then see “wellhouse storage use --help”.",
        )
        yield unless_demo(finding, demo=settings.site.demo)
    else:
        yield Finding(
            Level.NOTE,
            f"{data} is not on an encrypted volume. The database and the documents in it are encrypted by themselves.",
        )
