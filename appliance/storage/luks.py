"""cryptsetup, as this house uses it: LUKS2, and the key only by pipe, never on a command line or a disk."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from uuid import UUID

from core.errors import Refused

PROGRAM = "cryptsetup"
MAPPER = Path("/dev/mapper")
CONTROL = MAPPER / "control"

WRONG_KEY = 2  # cryptsetup(8): "no permission (bad passphrase)"

# The key is 256 random bits, derived from the master key: stretching it adds nothing, and argon2id would want up to a
# gigabyte of memory at every start. 1000 is the least that LUKS2 allows.
_STRETCHING = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--hash", "sha256")
_CIPHER = ("--cipher", "aes-xts-plain64", "--key-size", "512")
_KEY = ("--key-file", "-", "--keyfile-size", "32")


class WrongKey(Refused):
    """The volume was made with another master key."""


def format_volume(device: Path, key: bytes, *, label: str) -> None:
    """Make an encrypted volume of *device*, over whatever it holds: ask :mod:`.device` first."""
    options = ["--batch-mode", "--type", "luks2", *_STRETCHING, *_CIPHER, *_KEY, "--label", label]
    _must(["luksFormat", *options, str(device)], key)


def uuid_of(device: Path) -> UUID | None:
    """The name of the LUKS volume on *device*; None if there is none."""
    done = _run(["luksUUID", str(device)])
    return UUID(done.stdout.strip()) if done.returncode == 0 else None


def opens(device: Path, key: bytes) -> bool:
    """Whether *key* opens the volume on *device*. Opens nothing, and needs nothing of the kernel."""
    done = _run(["open", "--type", "luks2", "--test-passphrase", *_KEY, str(device)], key)
    if done.returncode not in (0, WRONG_KEY):
        raise Refused(f"The volume on {device} cannot be looked at. {_said(done)}")
    return done.returncode == 0


def open_volume(device: Path, key: bytes, name: str) -> None:
    """Open the volume as *name* under /dev/mapper. WrongKey, or Refused with cryptsetup's words."""
    # Discards pass through: a solid-state disk stays fast. What they show is how full the disk is, not what is on it.
    done = _run(["open", "--type", "luks2", "--allow-discards", *_KEY, str(device), name], key)
    if done.returncode == WRONG_KEY:
        raise WrongKey(f"The volume on {device} belongs to another box: this box's key does not open it.")
    if done.returncode != 0:
        raise Refused(f"The volume on {device} cannot be opened. {_said(done)}")


def close_volume(name: str) -> None:
    """Close what :func:`open_volume` opened."""
    _must(["close", name])


def add_key(device: Path, key: bytes, new: bytes) -> None:
    """Have *new* open the volume on *device*, which *key* opens, as well. It may be in use."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as end:
        with os.fdopen(writing, "wb") as start:
            start.write(new)
        options = ["--batch-mode", *_STRETCHING, *_KEY, "--new-keyfile-size", "32"]
        _must(["luksAddKey", *options, str(device), f"/dev/fd/{end.fileno()}"], key, passed=end.fileno())


def remove_key(device: Path, key: bytes) -> None:
    """Have *key* open the volume on *device* no more."""
    _must(["luksRemoveKey", "--batch-mode", *_KEY, str(device)], key)


def _must(arguments: list[str], key: bytes | None = None, *, passed: int | None = None) -> None:
    done = _run(arguments, key, passed=passed)
    if done.returncode != 0:
        raise Refused(f"{PROGRAM} {arguments[0]} failed. {_said(done)}")


def _run(
    arguments: list[str], key: bytes | None = None, *, passed: int | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(  # noqa: S603  # a program of the system
            [PROGRAM, *arguments],
            input=key,
            capture_output=True,
            check=False,
            pass_fds=[] if passed is None else [passed],
        )
    except FileNotFoundError as e:
        raise Refused(f"{PROGRAM} is not installed. Run: apt install cryptsetup-bin") from e
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return "It said: " + " ".join((done.stderr or done.stdout).split())
