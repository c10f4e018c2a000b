"""What the keeper of certificates remembers between looks and across restarts, in a file beside the certificate."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.certificates.schedule import Memory
from appliance.configure.files import folder, write
from core.settings import Settings


def memory_file(settings: Settings) -> Path:
    return settings.paths.certificates / "keeper.json"


def remember(settings: Settings) -> Memory:
    """Nothing yet on a new box."""
    file = memory_file(settings)
    if not file.exists():
        return Memory()
    raw: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Memory(
        tried_at=datetime.fromisoformat(raw["tried_at"]) if raw["tried_at"] else None,
        failures=raw["failures"],
        fault=raw["fault"],
        left_out=tuple((name, why) for name, why in raw["left_out"]),
        serial=int(raw["serial"]),
        alerted=tuple(raw["alerted"]),
        told_of_none=raw["told_of_none"],
    )


def write_down(memory: Memory, settings: Settings) -> None:
    raw = {
        "tried_at": memory.tried_at.isoformat() if memory.tried_at else "",
        "failures": memory.failures,
        "fault": memory.fault,
        "left_out": memory.left_out,
        "serial": str(memory.serial),  # longer than a JSON number can be for others
        "alerted": memory.alerted,
        "told_of_none": memory.told_of_none,
    }
    folder(settings.paths.certificates, mode=0o755)
    write(memory_file(settings), json.dumps(raw).encode(), mode=0o600)
