"""The keys: only for their owners, away from the data, and what protects them if the disk is stolen."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, unless_demo, warning
from appliance.configure.certificate import certificate_files

SYS_DEVICES = Path("/sys/dev/block")


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    settings, places = box.settings, box.places
    secret = [settings.paths.master_key, certificate_files(settings).key, places.turnserver_conf]
    bad = False
    for file in secret:
        if not file.exists():
            continue  # the subjects that need it say so
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            bad = True
            yield error(f"{file} can be read by others (mode {mode:04o}).", f"Run: chmod 0400 {file}")
    folder = Path(settings.paths.keys)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o027:
        bad = True
        yield error(f"{folder} is open to others (mode {mode:04o}).", f"Run: chmod o-rwx,g-w {folder}")
    data = Path(settings.paths.data)
    if any(file.is_file() and _same_content(file, settings.paths.master_key) for file in data.rglob("*.key")):
        bad = True
        yield error(f"A copy of the master key lies inside {data}: a copy of the data would open.", "Remove that copy.")
    if not bad:
        yield ok("The keys are readable by their owners only, and lie outside the data.")
    if not on_encrypted_device(folder):
        finding = warning(
            "The master key is a file on a disk that is not encrypted: who steals the disk can open the record.",
            f"Keep {folder} and {data} on an encrypted volume (LUKS).",
        )
        yield unless_demo(finding, demo=settings.site.demo)


def on_encrypted_device(path: Path, *, devices: Path = SYS_DEVICES) -> bool:
    """Whether the file system of *path* lies on dm-crypt, also below LVM or RAID."""
    number = path.stat().st_dev
    return _encrypted(devices / f"{os.major(number)}:{os.minor(number)}")


def _encrypted(device: Path) -> bool:
    if not device.exists():
        return False  # tmpfs, overlay and network file systems have no block device
    uuid = device / "dm/uuid"
    if uuid.is_file() and uuid.read_text(encoding="ascii").startswith("CRYPT-"):
        return True
    below = list((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    return bool(below) and all(_encrypted(slave) for slave in below)


def _same_content(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes().strip() == other.read_bytes().strip()
