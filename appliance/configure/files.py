"""Files and folders with the right owner and mode, written whole or not at all, and only when they differ."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused


@dataclass(frozen=True)
class Owner:
    """Who owns a file. -1 leaves it as it is, as os.chown has it: an ordinary user can give nothing away."""

    uid: int = -1
    gid: int = -1


def owner(user: str, *, group_of: str = "") -> Owner:
    """The account *user* with its own group, or the group of *group_of*; no change if the name is empty.

    Refused if there is no such account, or if this process may not give files to it.
    """
    return Owner(_entry(user).pw_uid if user else -1, _gid(group_of or user))


def group_name(user: str) -> str:
    """Name of the primary group of *user*."""
    return grp.getgrgid(_entry(user).pw_gid).gr_name


def write(file: Path, content: bytes, *, mode: int, own: Owner = Owner()) -> bool:
    """Make *file* hold *content* with *mode* and owner; whether anything had to be changed."""
    try:
        status = file.stat()
        if file.read_bytes() == content and stat.S_IMODE(status.st_mode) == mode and _fits(status, own):
            return False
    except FileNotFoundError:
        pass
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mode 0600 until it is complete
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fchown(descriptor, own.uid, own.gid)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    _sync(file.parent)
    return True


def folder(path: Path, *, mode: int, own: Owner = Owner()) -> bool:
    """Make *path* a folder with *mode* and owner; whether anything had to be changed.

    Refused if it is another account's link: root would give away, or open, what that account has no right to.
    """
    changed = not path.is_dir()
    path.mkdir(parents=True, exist_ok=True)
    link = path.lstat()
    is_link = stat.S_ISLNK(link.st_mode)
    if is_link and link.st_uid not in (0, os.geteuid()):
        raise Refused(f"{path} is a link of the account {_name(link.st_uid)}, and must be a folder. Remove it.")
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (0 if is_link else os.O_NOFOLLOW))
    try:
        if not _fits(os.fstat(descriptor), own):
            os.fchown(descriptor, own.uid, own.gid)
            changed = True
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:  # after chown, which clears the set-group bit
            os.fchmod(descriptor, mode)
            changed = True
    finally:
        os.close(descriptor)
    return changed


def _fits(status: os.stat_result, own: Owner) -> bool:
    return own.uid in (-1, status.st_uid) and own.gid in (-1, status.st_gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _entry(user: str) -> pwd.struct_passwd:
    try:
        entry = pwd.getpwnam(user)
    except KeyError as e:
        raise Refused(
            f"[users] names {user!r}, and there is no such account. Make it with: adduser --system {user}"
        ) from e
    if os.geteuid() not in (0, entry.pw_uid):
        raise Refused(f"[users] names {user!r}: only root can give files to it. Run this with sudo.")
    return entry


def _gid(user: str) -> int:
    return _entry(user).pw_gid if user else -1


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)  # the rename itself is only then safe from a power cut
    finally:
        os.close(descriptor)
