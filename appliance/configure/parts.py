"""The parts of the appliance: each is a process of its own under supervisord, with a folder for its record."""

from __future__ import annotations

from core.settings import Settings

# In the order in which they are started: calls come first and outlive everything else.
EVERY_PART = ("rtc", "coturn", "portal", "worker", "backup", "nginx")


def parts_of(settings: Settings) -> tuple[str, ...]:
    """Those that a box with *settings* runs: the keeper of backups only where there is a target."""
    return tuple(name for name in EVERY_PART if name != "backup" or settings.backup.targets)
