"""wellhouse audit verify: recompute the chain of audit rows."""

from __future__ import annotations

import argparse

from appliance import portal_steps
from appliance.commands.target import target

HELP = "prove that no audit row was changed, removed or put in between"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["verify"], help="recompute the chain from its first row")


def run(given: argparse.Namespace) -> int:
    """0 if the chain holds; a broken one is Refused, which names the row."""
    box = target(given)
    rows = portal_steps.run("verify-audit", box.settings, box.config)
    print(f"The audit chain holds: {rows} rows.")
    return 0
