"""wellhouse check: what is wrong on this box, and what to do about it."""

from __future__ import annotations

import argparse

from appliance.commands.target import target
from appliance.configure.apply import PARTS
from appliance.configure.render import Places
from appliance.supervisor import control

HELP = "say what is wrong on this box and what to do about it"


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(given: argparse.Namespace) -> int:
    """0 if nothing is wrong, 2 if something is."""
    box = target(given)
    try:
        known = control.parts(Places.of(box.settings).supervisor_socket)
    except control.NotRunning:
        print("The appliance is not running. Start it with “wellhouse up”.")
        return 2
    down = [name for name in PARTS if name not in known or known[name].state is not control.State.RUNNING]
    for name in down:
        print(f"{name} is not running. Its log is in {box.settings.paths.log}.")
    return 2 if down else 0
