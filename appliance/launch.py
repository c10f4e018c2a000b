"""Starts one part in place of itself, after ending what an earlier, killed one left behind.

    python -m appliance.launch --record FILE [--remove SOCKET …] [--end-with-parent] -- PROGRAM ARGUMENT …

supervisord starts every part through this. The part keeps this process's id, so signals reach it directly.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path

from appliance.leftovers import end_leftovers, record_own_group

PR_SET_PDEATHSIG = 1  # prctl(2)


def main(arguments: list[str] | None = None) -> None:
    """Does not return: the process becomes the part."""
    parser = argparse.ArgumentParser(prog="python -m appliance.launch", description=__doc__)
    parser.add_argument("--record", type=Path, required=True, help="file that remembers the part's process group")
    parser.add_argument("--remove", type=Path, action="append", default=[], help="a socket file left by a killed part")
    parser.add_argument("--end-with-parent", action="store_true", help="end when the starting process ends")
    parser.add_argument("program", nargs="+")
    given = parser.parse_args(arguments)

    parent = os.getppid()
    ended = end_leftovers(given.record)
    if ended:
        print(f"launch: ended {ended} left-over processes of {given.record.stem}", file=sys.stderr, flush=True)
    for socket in given.remove:
        socket.unlink(missing_ok=True)  # nginx and others refuse to bind a path that exists
    if given.end_with_parent:
        end_with_parent(parent)
    record_own_group(given.record)
    os.execvp(given.program[0], given.program)  # noqa: S606  # the very purpose; no shell is involved


def end_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when *parent*, which started it, is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it was gone before the kernel was asked
        sys.exit(1)


if __name__ == "__main__":
    main()
