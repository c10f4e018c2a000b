"""What waited for the key: under systemd its units, else the data volume."""

from __future__ import annotations

import subprocess
from pathlib import Path

from appliance.box import Box
from core.errors import Refused
from core.settings import DEFAULT_FILE

SYSTEMD = Path("/run/systemd/system")  # sd_booted(3)
UNITS = Path("/etc/systemd/system")
BEFORE = ("wellhouse-unlock.service", "wellhouse-storage.service")
APPLIANCE = "wellhouse.service"


def start(box: Box) -> str:
    """Start what the locked key held back; what happened, as a sentence. Refused if the data volume does not open."""
    if box.config != DEFAULT_FILE or not SYSTEMD.is_dir() or not (UNITS / APPLIANCE).exists():
        return "Start the box with “wellhouse up”."
    for unit in BEFORE:
        if (UNITS / unit).exists() and _systemctl("start", unit) != 0:
            raise Refused(f"The key is open, but {unit} did not start. See: journalctl --unit={unit}")
    if _systemctl("start", "--no-block", APPLIANCE) != 0:
        raise Refused(f"The key is open, but {APPLIANCE} did not start. See: journalctl --unit={APPLIANCE}")
    return "The box is starting; “wellhouse status” shows how far it is."


def _systemctl(*arguments: str) -> int:
    return subprocess.run(["systemctl", *arguments], check=False).returncode  # noqa: S603, S607  # fixed words
