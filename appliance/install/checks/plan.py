"""What is about to be done, as the checks look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.install.answers import Answers
from appliance.install.facts import Facts
from appliance.install.record import Places
from core.settings import Settings


@dataclass(frozen=True)
class Plan:
    """*settings* are what wellhouse.toml will say; *before* are an earlier run's texts; *at* is now."""

    answers: Answers
    settings: Settings
    facts: Facts
    places: Places
    before: Mapping[str, str]
    at: datetime


def existing(path: Path) -> Path:
    """*path*, or the nearest folder above it that is there: where it would be made."""
    while not path.exists():
        path = path.parent
    return path
