"""wellhouse recovery-sheet: print the paper with which another machine opens the backups."""

from __future__ import annotations

import argparse

from appliance.backup.sheet import recovery_sheet
from appliance.commands.target import target
from core.clock import utcnow

HELP = "print the paper with which another machine opens the backups"


def add(parser: argparse.ArgumentParser) -> None:
    """Nothing besides which box."""


def run(given: argparse.Namespace) -> int:
    """0; the sheet goes to standard output, to be piped to a printer."""
    print(recovery_sheet(target(given).settings, at=utcnow()), end="")
    return 0
