"""A call held from the LAN while something else is done to the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.clean_machine import RehearsalFailed
from tests.system.machine.box import NAME, Box
from tests.system.machine.call import IN_THE_ROOM
from tests.system.machine.guest import MACHINE_ADDRESS

CHECKOUT = Path(__file__).parents[3]
ENDS_WITHIN_S = 60


@dataclass(frozen=True)
class Seen:
    """What the two browsers saw of each other; see tests.system.machine.call."""

    seconds: float
    longest_pause_s: float
    same_connections: bool
    both_in_the_room: bool


@dataclass(frozen=True)
class Call:
    process: subprocess.Popen[str]

    def end(self) -> Seen:
        """Hang up; what was seen."""
        said, complaints = self.process.communicate("\n", timeout=ENDS_WITHIN_S)
        if self.process.returncode != 0:
            raise RehearsalFailed(f"the call broke: {complaints[-2000:]}")
        return Seen(**json.loads(said.splitlines()[-1]))


@contextmanager
def holding_a_call(box: Box, people: dict[str, str]) -> Iterator[Call]:
    """A provider and a client see and hear each other inside."""
    program = [sys.executable, "-m", "tests.system.machine.call", NAME, MACHINE_ADDRESS]
    process = subprocess.Popen(
        box.guest.arguments(*program, people["path"], people["provider"], people["client"]),
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None  # a pipe was asked for
        if IN_THE_ROOM not in process.stdout.readline():
            _, complaints = process.communicate(timeout=ENDS_WITHIN_S)
            raise RehearsalFailed(f"the two did not come together: {complaints[-3000:]}")
        yield Call(process)
    finally:
        process.kill()
        process.communicate()
