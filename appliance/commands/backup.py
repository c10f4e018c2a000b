"""wellhouse backup: take a copy now, list what there is, or prove the newest one."""

from __future__ import annotations

import argparse
import sys

from appliance import portal_steps
from appliance.commands.target import target
from core.errors import Refused

HELP = "take a backup now, list the backups, or prove the newest"

FAILED = 1


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["now", "list", "verify"])
    parser.add_argument(
        "--all-bytes", action="store_true", help="with verify: read every byte of the older ones too, not a seventh"
    )


def run(given: argparse.Namespace) -> int:
    """0 if every target did its part, 1 if one did not."""
    box = target(given)
    if not box.settings.backup.targets:
        raise Refused("No backup target is set. Name one under [backup] targets in the settings.")
    if given.all_bytes and given.what != "verify":
        raise Refused("--all-bytes goes with verify.")
    how = ["all-bytes"] if given.all_bytes else []
    answers = portal_steps.run(f"backup-{given.what}", box.settings, box.config, *how)
    for answer in answers:
        if answer["fault"]:
            print(f"{answer['target']}: {answer['fault']}", file=sys.stderr)
        for line in answer["lines"]:
            print(f"{answer['target']}: {line}")
    return FAILED if any(answer["fault"] for answer in answers) else 0
