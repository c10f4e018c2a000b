"""Where the master key lies: on disk, plain or sealed, and in memory once it was opened."""

from __future__ import annotations

import enum
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.configure.files import folder, owner, write
from appliance.keys import envelope
from appliance.keys.envelope import Envelope, Protection
from core.clock import from_unix
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring

IN_MEMORY = ("tmpfs", "ramfs")
ANOTHER_TAKES_AT_MOST_S = 90.0  # above what a slow TPM2 is given (appliance.keys.tpm2)


class State(enum.StrEnum):
    ABSENT = "absent"  # a new box, or a lost key
    LOCKED = "locked"  # sealed, and not opened since the machine started
    OPEN = "open"


@dataclass(frozen=True)
class KeyPlace:
    """How the box's key is kept now. *since* is when it was sealed; None for a file."""

    protection: Protection
    state: State
    since: datetime | None


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the only one who changes where the key lies; waits for another, who needs seconds. Refused if it never ends.

    Two changes at once would each remove what the other has just put in its place, until no key is left.
    """
    keys = Path(settings.paths.keys)
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory = os.open(keys, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _take(directory)
        yield
    finally:
        os.close(directory)


def _take(directory: int) -> None:
    deadline = time.monotonic() + ANOTHER_TAKES_AT_MOST_S
    while True:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            if time.monotonic() > deadline:
                raise Refused("Another process is at the master key and does not end. Nothing was changed.") from e
            time.sleep(0.05)
        else:
            return


def look(settings: Settings) -> KeyPlace:
    """What lies on this box's disk; Refused if the sealed key is damaged."""
    paths = settings.paths
    if paths.sealed_master_key.exists():
        found = envelope.read(paths.sealed_master_key)
        state = State.OPEN if paths.opened_master_key.exists() else State.LOCKED
        return KeyPlace(found.protection, state, from_unix(found.made_at))
    return KeyPlace(Protection.FILE, State.OPEN if paths.plain_master_key.exists() else State.ABSENT, None)


def is_locked(settings: Settings) -> bool:
    """Whether nothing can open before “wellhouse unlock”."""
    return settings.paths.sealed_master_key.exists() and not settings.paths.opened_master_key.exists()


def sealed_key(settings: Settings) -> Envelope:
    """The sealed key as it lies on disk."""
    return envelope.read(settings.paths.sealed_master_key)


def put_plain(settings: Settings, keyring: Keyring) -> bool:
    """Write the key as a file that only the portal's account reads; whether it had to be."""
    file = settings.paths.plain_master_key
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return write(file, _content(keyring), mode=0o400, own=owner(settings.users.portal))


def put_opened(settings: Settings, keyring: Keyring) -> None:
    """Hand the opened key to the box's processes, in memory. Refused if the run folder lies on a disk."""
    file = settings.paths.opened_master_key
    refuse_unless_in_memory(settings)
    folder(file.parent, mode=0o710 if settings.users.portal else 0o700, own=owner("", group_of=settings.users.portal))
    write(file, _content(keyring), mode=0o400, own=owner(settings.users.portal))


def refuse_unless_in_memory(settings: Settings) -> None:
    """Refused if an opened key would be written to a disk, where it could be found later."""
    run = Path(settings.paths.run)
    run.mkdir(parents=True, exist_ok=True)
    kind = file_system(run)
    if kind not in IN_MEMORY:
        raise Refused(
            f"paths.run, {run}, lies on a disk ({kind}): the opened key would stay there. Use a folder on a tmpfs, as "
            "/run/wellhouse."
        )


def file_system(path: Path) -> str:
    """Kind of the file system that *path* lies on, as the kernel names it; empty if it does not say."""
    number = path.stat().st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")  # proc(5): optional fields end at the dash
        if before.split()[2] == device:
            return after.split()[0]
    return ""


def remove_plain(settings: Settings) -> None:
    """Overwrite and remove the key's plain file, and what interrupted changes left beside it.

    A disk that never writes twice to one place (flash, copy-on-write) may keep the old bytes all the same.
    """
    file = settings.paths.plain_master_key
    if file.exists():
        # From here on no start takes it for the key, half overwritten as it may be.
        file.rename(file.with_name(f".{file.name}.removing"))
    remove_left_over(settings)


def left_over(settings: Settings) -> list[Path]:
    """What interrupted changes left: hidden files with a key, whole or in part, that nothing reads."""
    return sorted(Path(settings.paths.keys).glob(".master.*"))


def remove_left_over(settings: Settings) -> None:
    """Overwrite and remove it."""
    for file in left_over(settings):
        file.chmod(0o600)  # its owner, unlike root, could not write into it otherwise
        descriptor = os.open(file, os.O_WRONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(b"\0" * os.fstat(descriptor).st_size)
            opened.flush()
            os.fsync(descriptor)
        remove(file)


def remove(file: Path) -> None:
    """Remove *file*, if it is there, so that it stays removed."""
    if not file.exists():
        return
    file.unlink()
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _content(keyring: Keyring) -> bytes:
    return f"{keyring.master_digits}\n".encode("ascii")
