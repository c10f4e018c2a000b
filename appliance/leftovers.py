"""What a part left running when it was killed: its process group, recorded when it started.

``kill -9`` of nginx's or gunicorn's master leaves children that hold the ports. The record lets the next start end
exactly those, and nothing else: a group number may be used again, so boot, leader and start time must fit too.
Standard library only: the launcher imports this before every start of a part.
"""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")
GRACE_S = 3.0  # for the polite signal; a leftover has no master to wait for
KILL_WAIT_S = 2.0
_RECORD_SIGNS = 4096  # more than any record has


@dataclass(frozen=True)
class GroupRecord:
    """A process group by number. *started* is its leader's start in clock ticks since the boot *boot*."""

    group: int
    started: int
    boot: str


@dataclass(frozen=True)
class _Process:
    pid: int
    state: str
    group: int
    started: int


def record_own_group(file: Path) -> None:
    """Make this process the leader of its own group, if it is not yet, and write that down in *file*."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    own = _read(os.getpid())
    if own is None:
        raise RuntimeError("this process is not in /proc")
    record = GroupRecord(own.group, own.started, _boot())
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps(asdict(record)), encoding="ascii")
    partial.replace(file)


def leftovers(file: Path) -> list[int]:
    """Ids of the living processes of the group recorded in *file*; none if the number has passed to others.

    A part writes its record itself. One that somebody took over could name any group, so only its own account's
    processes are meant; root's record, as nginx's, may mean all.
    """
    try:
        text, account = _record(file)
        record = GroupRecord(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return []  # never started, no file at all, or the write was cut off by a crash of the whole machine
    if record.boot != _boot():
        return []
    members = [p for p in _processes() if p.group == record.group and p.state not in "ZX"]
    leader = _read(record.group)
    if leader is not None and leader.started != record.started:
        return []
    mine = [p.pid for p in members if p.started >= record.started and p.pid != os.getpid()]
    return [pid for pid in mine if account in (0, _account(pid))]


def end_leftovers(file: Path, *, grace_s: float = GRACE_S) -> int:
    """End the processes of the recorded group, politely and then by force; how many there were."""
    found = leftovers(file)
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, KILL_WAIT_S)):
        for pid in leftovers(file):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue  # it ended by itself in between
        deadline = time.monotonic() + wait_s
        while leftovers(file) and time.monotonic() < deadline:
            time.sleep(0.02)
    file.unlink(missing_ok=True)
    return len(found)


def _record(file: Path) -> tuple[str, int]:
    """The record's text, and whose it is. OSError if it is a link, which would lead elsewhere; a pipe is empty."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, encoding="ascii") as opened:
        return opened.read(_RECORD_SIGNS), os.fstat(descriptor).st_uid


def _account(pid: int) -> int | None:
    """Real user id of a process; None if it has ended."""
    try:
        lines = (PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next(int(line.split()[1]) for line in lines if line.startswith("Uid:"))


def _processes() -> list[_Process]:
    found = (_read(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit())
    return [process for process in found if process is not None]


def _read(pid: int) -> _Process | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, also parentheses: the fields after the last one are plain (proc(5)).
    rest = text.rpartition(")")[2].split()
    return _Process(pid, rest[0], int(rest[2]), int(rest[19]))


def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
