"""Whether a disk may be taken: only one that nobody uses and that nothing was ever written to."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from core.errors import Refused

BYTES_MIN = 1024**3  # a smaller one is a mistake: a year of a small clinic is more
EDGE_BYTES = 16 * 1024**2  # partition tables, file systems and LUKS headers all leave something here or at the end
SAMPLES = 512  # in between, for what leaves no header: an encrypted volume without one, a disk cut out of an array
SAMPLE_BYTES = 64 * 1024
SYS_CLASS = Path("/sys/class/block")

_FREE_IT = (
    "If nothing on it is needed any more, erase it with “blkdiscard --zeroout --force {device}” and run this again."
)


def refuse_unless_disk(device: Path) -> None:
    """Refused if *device* is no disk or partition, or is in use by anything."""
    try:
        status = device.stat()
    except FileNotFoundError as e:
        raise Refused(f"There is no {device}. “lsblk” shows the disks of this machine.") from e
    if not stat.S_ISBLK(status.st_mode):
        raise Refused(f"{device} is no disk or partition. “lsblk” shows those of this machine.")
    below = SYS_CLASS / device.resolve().name
    if list((below).glob(f"{device.resolve().name}*/partition")):
        raise Refused(f"{device} has partitions. Name an empty disk, or one empty partition.")
    holders = [holder.name for holder in (below / "holders").glob("*")]
    if holders:
        raise Refused(f"{device} is in use by {', '.join(holders)}. Name a disk that nothing uses.")
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))  # open(2): refused for what is mounted, swapped on, or held
    except OSError as e:
        raise Refused(
            f"{device} is in use ({e.strerror}): “lsblk” shows by what. Name a disk that nothing uses."
        ) from e


def refuse_unless_empty(device: Path) -> None:
    """Refused if *device* is too small, or anything is on it: a signature, or a byte that is not 0. A file will do."""
    with device.open("rb", buffering=0) as opened:
        size = opened.seek(0, os.SEEK_END)
        if size < BYTES_MIN:
            raise Refused(f"{device} is too small: {size // 1024**2} MiB, and the data need {BYTES_MIN // 1024**2}.")
        if found := signatures(device):
            raise Refused(
                f"{device} is not empty: it holds {found}. Nothing was changed. {_FREE_IT.format(device=device)}"
            )
        for start, length in _places(size):
            opened.seek(start)
            while length > 0:
                content = opened.read(min(length, 1024**2))
                if not content:
                    break
                if content.count(0) != len(content):
                    raise Refused(
                        f"{device} is not empty: something was written to it once, and it may be an encrypted volume. "
                        f"Nothing was changed. {_FREE_IT.format(device=device)}"
                    )
                length -= len(content)


def signatures(device: Path) -> str:
    """What util-linux recognises on *device*, as “ext4, dos”; empty if nothing."""
    done = subprocess.run(  # noqa: S603  # a program of the system
        ["wipefs", "--no-act", "--noheadings", "--output", "TYPE", str(device)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(f"{device} cannot be looked at: {done.stderr.strip()}")
    return ", ".join(dict.fromkeys(done.stdout.split()))


def _places(size: int) -> list[tuple[int, int]]:
    """Start and length in bytes of what is read: both edges whole, and samples evenly in between."""
    between = size - 2 * EDGE_BYTES
    step = between // SAMPLES
    samples = [(EDGE_BYTES + number * step, SAMPLE_BYTES) for number in range(SAMPLES)]
    return [(0, EDGE_BYTES), (size - EDGE_BYTES, EDGE_BYTES), *samples]
