"""The box that a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.configure.render import Places
from core.settings import Settings


@dataclass(frozen=True)
class Box:
    """A settings file, absolute, and the settings in it."""

    config: Path
    settings: Settings

    @property
    def places(self) -> Places:
        return Places.of(self.settings)
