"""Asking the system's own programs, which may not be there."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_WITHIN_S = 20  # nothing asked here works, it only tells


@dataclass(frozen=True)
class Said:
    """*status* is the exit code; *output* standard output, *complaint* standard error."""

    status: int
    output: str
    complaint: str


def ask(program: str, *arguments: str) -> Said | None:
    """What the program says in plain English; None if it is not on this machine or does not answer in time."""
    found = shutil.which(program, path=_PATH)
    if found is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # found in the system's own folders
            [found, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_WITHIN_S,
            env={**os.environ, "PATH": _PATH, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        return None
    return Said(done.returncode, done.stdout, done.stderr)
