"""The one log of an installation: what was answered and found, line by line. Secrets never come here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Log:
    """Appends to *file*, which install.sh has opened with mode 0600."""

    file: Path
    now: Callable[[], datetime]

    def line(self, text: str) -> None:
        with self.file.open("a", encoding="utf-8") as log:
            log.write(f"{self.now():%F %T} {text}\n")
