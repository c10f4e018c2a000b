"""Which browser the tests drive."""

from __future__ import annotations

from pathlib import Path

PACKAGED = Path("/usr/bin/chromium")


def chromium_program(packaged: Path = PACKAGED) -> str | None:
    """Debian's Chromium; None where there is none, which makes Playwright take the one that it brings itself.

    Ubuntu has Chromium as a snap only, which cannot read the tests' temporary folders.
    """
    return str(packaged) if packaged.exists() else None
