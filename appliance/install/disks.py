"""The machine's disks: which may be offered for the data, and which is Wellhouse's already. Nothing is written here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from appliance.asking_programs import ask
from appliance.storage import device
from core.errors import Refused

OWN_LABEL = "wellhouse-data"  # appliance/storage/volume gives it to the LUKS2 volume that it makes
_SECTOR_BYTES = 512  # the kernel counts sizes in these, whatever the disk's own are (Documentation/ABI, block)
_NO_DISKS = re.compile(r"loop|ram|zram|sr|fd|dm-|md|nbd")


@dataclass(frozen=True)
class Disk:
    """A disk that may be offered."""

    device: str
    size_bytes: int

    @property
    def size(self) -> str:
        return f"{self.size_bytes / 1024**3:.0f} GiB"


def unused() -> tuple[Disk, ...]:
    """Whole disks that nobody uses and on which nothing is recognised. Taking one looks closer."""
    found = []
    for block in sorted(device.SYS_CLASS.iterdir()):
        disk = Path("/dev") / block.name
        size = int((block / "size").read_text()) * _SECTOR_BYTES
        if _NO_DISKS.match(block.name) or (block / "partition").exists() or size < device.BYTES_MIN:
            continue
        try:
            device.refuse_unless_disk(disk)
            if not device.signatures(disk):
                found.append(Disk(str(disk), size))
        except (Refused, OSError):  # somebody uses it, or a container sees the kernel's list and not the disks
            continue
    return tuple(found)


def is_ours(disk: str) -> bool:
    """Whether *disk* is a volume that the box's storage made, this one's or another's."""
    said = ask("blkid", "--probe", "--output", "export", disk)
    lines = said.output.splitlines() if said else []
    return "TYPE=crypto_LUKS" in lines and f"LABEL={OWN_LABEL}" in lines
