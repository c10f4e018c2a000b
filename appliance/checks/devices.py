"""Which file systems and swap lie on encrypted devices, as the kernel tells."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SYS_DEVICES = Path("/sys/dev/block")
SWAPS = Path("/proc/swaps")
IN_MEMORY = "/dev/zram"  # compressed memory, on no disk


def on_encrypted_device(path: Path, *, devices: Path = SYS_DEVICES) -> bool:
    """Whether the file system of *path* lies on dm-crypt, also below LVM or RAID."""
    return _encrypted(_of(path.stat().st_dev, devices))


def plain_swap(*, swaps: Path = SWAPS, devices: Path = SYS_DEVICES) -> list[str]:
    """Devices and files in use for swap that do not lie on dm-crypt."""
    found = []
    for line in swaps.read_text(encoding="utf-8").splitlines()[1:]:  # proc(5): a heading, then one line each
        name = line.split()[0]
        if name.startswith(IN_MEMORY):
            continue
        status = Path(name).stat()
        number = status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev
        if not _encrypted(_of(number, devices)):
            found.append(name)
    return found


def _of(number: int, devices: Path) -> Path:
    return devices / f"{os.major(number)}:{os.minor(number)}"


def _encrypted(device: Path) -> bool:
    if not device.exists():
        return False  # tmpfs, overlay and network file systems have no block device
    uuid = device / "dm/uuid"
    if uuid.is_file() and uuid.read_text(encoding="ascii").startswith("CRYPT-"):
        return True
    below = list((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    return bool(below) and all(_encrypted(slave) for slave in below)
