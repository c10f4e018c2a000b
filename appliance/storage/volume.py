"""The box's data volume: made once on an empty disk, opened and mounted at every start.

Its key comes from the master key, so the recovery sheet alone opens it elsewhere. It is known by its own name (UUID),
under whatever name the machine gives the disk today.
"""

from __future__ import annotations

import enum
import os
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from appliance.configure.files import owner, write
from appliance.storage import device as disks
from appliance.storage import luks
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring

NAME = "wellhouse-data"  # the LUKS label, and the name under /dev/mapper
FILE_SYSTEM = "ext4"
OPTIONS = "nodev,nosuid,noexec"
LOST_AND_FOUND = "lost+found"
CHECKED = 1  # e2fsck(8): errors were corrected
APPEARS_WITHIN_S = 60.0  # disks on slow controllers come after the system has started
LOOK_EVERY_S = 0.5


class Record(msgspec.Struct, frozen=True):
    """That this machine has a data volume, and which. No setting: another machine, restored from a backup, has none."""

    uuid: UUID
    made_at: float


class State(enum.StrEnum):
    NONE = "none"  # the data lie on the system's disk
    CLOSED = "closed"
    OPEN = "open"  # and mounted where the data belong


@dataclass(frozen=True)
class Volume:
    """*uuid* is None without one."""

    state: State
    uuid: UUID | None


def record_file(settings: Settings) -> Path:
    return Path(settings.paths.etc) / "storage.json"


def look(settings: Settings) -> Volume:
    """The data volume of this box now."""
    record = _read(settings)
    if record is None:
        return Volume(State.NONE, None)
    return Volume(State.OPEN if os.path.ismount(settings.paths.data) else State.CLOSED, record.uuid)


def refuse_if_closed(settings: Settings) -> None:
    """Refused if the data are on a volume that is not there: without them a new, empty practice would be begun."""
    if look(settings).state is State.CLOSED:
        raise Refused("The volume with the data is not open. Run “sudo wellhouse storage open”; it says what is wrong.")


def use(settings: Settings, device: Path, *, at: datetime) -> list[str]:
    """Have the data on *device*; what was done, in words, nothing if it was so already.

    An empty disk is formatted; one that is this box's own is taken as it is. Refused, with nothing changed, for any
    other, and if there are data already where it is to be mounted.
    """
    keyring = Keyring.of(settings.paths)
    key, done = keyring.volume_key(), list[str]()
    if look(settings).state is State.OPEN:
        if _mounted_from(settings, device):
            return done
        raise Refused(f"The data lie on another volume already; {device} was not touched.")
    disks.refuse_unless_disk(device)
    refuse_other_data(settings)
    if luks.uuid_of(device) is None or not luks.opens(device, key):
        disks.refuse_unless_empty(device)
        refuse_without_dm_crypt()
        luks.format_volume(device, key, label=NAME)
        done.append(f"{device} is now an encrypted volume")
    _open(device, key)
    done += _provide_file_system()
    _write(settings, Record(_uuid(device), at.timestamp()))
    _mount(settings)
    done.append(f"it is mounted at {settings.paths.data}")
    return done


def open_and_mount(settings: Settings, *, wait_s: float = APPEARS_WITHIN_S) -> bool:
    """Open the volume and mount it, if there is one; whether that was to be done. Refused says what is wrong."""
    found = look(settings)
    if found.uuid is None or found.state is State.OPEN:
        return False
    _open(_find(found.uuid, wait_s=wait_s), Keyring.of(settings.paths).volume_key())
    _mount(settings)
    return True


def let_in(settings: Settings, new: Keyring) -> None:
    """Have *new*, which is about to become the box's key, open the volume too, if there is one.

    Refused, with nothing changed, if the present key is not here to allow it.
    """
    uuid = look(settings).uuid
    if uuid is None:
        return
    device = _find(uuid, wait_s=0)
    if luks.opens(device, new.volume_key()):
        return
    present = present_key(settings)
    if present is None or not luks.opens(device, present.volume_key()):
        raise Refused(
            f"The data volume on {device} was made with another key than this one ({new.fingerprint()}), and that is "
            "not here. Unlock the box with its own recovery sheet first, or give it another, empty disk."
        )
    luks.add_key(device, present.volume_key(), new.volume_key())


def keep_out_others(settings: Settings, former: Keyring | None) -> None:
    """Have *former*, which was the box's key, open the volume no more, now that the present one does."""
    uuid = look(settings).uuid
    if uuid is None or former is None or former.fingerprint() == Keyring.of(settings.paths).fingerprint():
        return
    device = _find(uuid, wait_s=0)
    if luks.opens(device, former.volume_key()):
        luks.remove_key(device, former.volume_key())


def unmount_and_close(settings: Settings) -> bool:
    """Undo :func:`open_and_mount`; whether there was anything to undo."""
    if look(settings).state is not State.OPEN:
        return False
    _system("umount", settings.paths.data)
    luks.close_volume(NAME)
    return True


def refuse_without_dm_crypt() -> None:
    """Refused if this machine's kernel cannot open encrypted volumes, before a disk is formatted for nothing."""
    subprocess.run(["modprobe", "--quiet", "dm_crypt"], check=False)  # noqa: S607  # may be built in
    if not luks.CONTROL.exists():
        raise Refused("This machine's kernel cannot open encrypted volumes (dm-crypt), as in most containers.")


def present_key(settings: Settings) -> Keyring | None:
    """The key that the box has now, if it is open."""
    try:
        return Keyring.of(settings.paths)
    except Refused:
        return None


def _open(device: Path, key: bytes) -> None:
    if not (luks.MAPPER / NAME).exists():  # it is open, but not mounted, if the last run was cut off there
        luks.open_volume(device, key, NAME)


def _provide_file_system() -> list[str]:
    opened = luks.MAPPER / NAME
    if disks.signatures(opened):
        return []
    # Nothing is on it: the volume is ours, new, and was cut off before this at the earliest.
    _system(f"mkfs.{FILE_SYSTEM}", "-q", "-L", NAME, str(opened))
    return [f"it has a file system ({FILE_SYSTEM})"]


def _mount(settings: Settings) -> None:
    opened, data = str(luks.MAPPER / NAME), Path(settings.paths.data)
    checked = subprocess.run(["e2fsck", "-p", opened], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if checked.returncode > CHECKED:
        raise Refused(
            f"The file system of the data volume is damaged: {' '.join(checked.stdout.split())} "
            f"Look at it with “e2fsck {opened}”, or restore a backup."
        )
    data.mkdir(parents=True, exist_ok=True)
    _system("mount", "-t", FILE_SYSTEM, "-o", OPTIONS, opened, str(data))
    own = owner(settings.users.portal)
    if own.uid not in (-1, data.stat().st_uid):
        os.chown(data, own.uid, own.gid)


def refuse_other_data(settings: Settings) -> None:
    """Refused if data lie where the volume is to be mounted: they would be hidden, not moved."""
    data = Path(settings.paths.data)
    if os.path.ismount(data):
        raise Refused(
            f"Something else is mounted at {data}. Unmount it, or leave the data there without a data device."
        )
    present = [entry.name for entry in data.iterdir()] if data.is_dir() else []
    if any(name != LOST_AND_FOUND for name in present):
        raise Refused(
            f"{data} holds data already ({', '.join(sorted(present)[:3])}). Take a backup, move them away, and restore "
            "the backup when the volume is there."
        )


def _find(uuid: UUID, *, wait_s: float) -> Path:
    deadline = time.monotonic() + wait_s
    while True:
        found = subprocess.run(["findfs", f"UUID={uuid}"], capture_output=True, text=True, check=False)  # noqa: S603, S607
        if found.returncode == 0:
            return Path(found.stdout.strip())
        if time.monotonic() > deadline:
            raise Refused(
                f"The disk with the data (LUKS volume {uuid}) is not there. Look at its cable or, in a virtual "
                "machine, at its settings; then run “sudo wellhouse storage open”."
            )
        time.sleep(LOOK_EVERY_S)


def _mounted_from(settings: Settings, device: Path) -> bool:
    record = _read(settings)
    return record is not None and luks.uuid_of(device) == record.uuid


def _uuid(device: Path) -> UUID:
    found = luks.uuid_of(device)
    if found is None:
        raise Refused(f"{device} is no encrypted volume any more.")
    return found


def _write(settings: Settings, record: Record) -> None:
    before = _read(settings)
    if before is None or before.uuid != record.uuid:
        write(record_file(settings), msgspec.json.encode(record) + b"\n", mode=0o644)


def _read(settings: Settings) -> Record | None:
    file = record_file(settings)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as e:
        raise Refused(f"{file} is damaged. Run “sudo wellhouse storage use DEVICE” with the disk of the data.") from e


def _system(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # programs of the system
    except FileNotFoundError as e:
        raise Refused(f"{command[0]} is not installed.") from e
    if done.returncode != 0:
        raise Refused(f"{command[0]} failed. It said: {' '.join((done.stderr or done.stdout).split())}")
