"""The parts of the appliance: each is a process of its own under supervisord, with a folder for its record."""

from __future__ import annotations

from core.settings import Settings

# In the order in which they are started: calls come first and outlive everything else.
EVERY_PART = ("rtc", "coturn", "portal", "worker", "backup", "nginx", "certificates")


def parts_of(settings: Settings) -> tuple[str, ...]:
    """Those that a box with *settings* runs: the keepers only where there is something to keep."""
    idle = set()
    if not settings.backup.targets:
        idle.add("backup")
    if not (settings.certificates.source or settings.site.certificate):
        idle.add("certificates")
    return tuple(name for name in EVERY_PART if name not in idle)
