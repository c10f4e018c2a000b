"""Running restic: with a limit for what must be quick, and for what may take hours as long as it moves."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.errors import Unavailable

STALLED_AFTER_S = 200.0  # with what follows it, still within the five minutes in which a dead target must be told
LOOK_EVERY_S = 0.05
LITTLE_BYTES = 64 * 1024  # less than this in STALLED_AFTER_S is only a program that tries to connect again
LITTLE_CPU_S = 0.5


@dataclass(frozen=True)
class Done:
    """What a program left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(
    command: list[str],
    environment: Mapping[str, str],
    *,
    about: str,
    folder: Path | None = None,
    limit_s: float | None = None,
) -> Done:
    """Run *command* to its end. Unavailable, naming *about*, if it takes longer than *limit_s*, or if it, with its
    children, has neither read nor written nor computed for STALLED_AFTER_S.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # Pipes would have to be emptied while the program is watched.
        process = subprocess.Popen(  # noqa: S603  # fixed programs
            command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        try:
            _wait(process, about, limit_s)
        finally:
            _end(process)
        out.seek(0)
        err.seek(0)
        return Done(process.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"))


def _wait(process: subprocess.Popen[bytes], about: str, limit_s: float | None) -> None:
    began = moved_at = time.monotonic()
    bytes_then, cpu_then = 0, 0.0
    pause_s = LOOK_EVERY_S
    while True:
        try:
            process.wait(timeout=pause_s)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        else:
            return
        if limit_s is not None and now - began > limit_s:
            raise Unavailable(f"{about} did not answer within {limit_s:.0f} seconds. Is it switched on and connected?")
        bytes_now, cpu_now = _moved(process.pid)
        if bytes_now - bytes_then > LITTLE_BYTES or cpu_now - cpu_then > LITTLE_CPU_S:
            moved_at, bytes_then, cpu_then = now, bytes_now, cpu_now
        elif now - moved_at > STALLED_AFTER_S:
            raise Unavailable(
                f"{about} has taken and given nothing for {STALLED_AFTER_S:.0f} seconds. Is it still connected?"
            )
        pause_s = min(1.0, pause_s * 1.5)


def _moved(pid: int) -> tuple[int, float]:
    """Bytes read and written and seconds computed, so far, by a process and its children."""
    total_bytes, cpu_s = 0, 0.0
    for each in _family(pid):
        try:
            counted, times = each.io_counters(), each.cpu_times()
        except psutil.Error:
            continue  # it has just ended
        total_bytes += counted.read_chars + counted.write_chars
        cpu_s += times.user + times.system
    return total_bytes, cpu_s


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process* with its children (ssh outlives a restic that is killed) if it has not ended itself."""
    if process.poll() is not None:
        return
    for each in _family(process.pid):
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
