"""Giving what a restore brought back to the accounts that use it.

Root does this in folders of those accounts. So no link is followed: one that somebody left there would make root give
away whatever it leads to. And nothing stays that would run as its owner for others.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from appliance.configure.files import Owner

_MODE_MOST = 0o750


def give(path: Path, own: Owner) -> None:
    """Make *own* the owner of *path* and of all files and folders in it, if it is there."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    _give(str(path), status, own, None)
    if not stat.S_ISDIR(status.st_mode):
        return
    for _, folders, files, inside in os.fwalk(path):  # goes into no link
        for name in (*folders, *files):
            _give(name, os.stat(name, dir_fd=inside, follow_symlinks=False), own, inside)


def _give(name: str, seen: os.stat_result, own: Owner, inside: int | None) -> None:
    if not _is_kept(seen.st_mode):
        return
    # By the opened file: the name may lead elsewhere by now.
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inside)
    except OSError as e:
        if e.errno in (errno.ELOOP, errno.ENOENT, errno.ENXIO):
            return
        raise
    try:
        status = os.fstat(descriptor)
        if _is_kept(status.st_mode):
            os.fchown(descriptor, own.uid, own.gid)
            os.fchmod(descriptor, status.st_mode & _MODE_MOST)
    finally:
        os.close(descriptor)


def _is_kept(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
