"""wellhouse audit verify: recompute the chain of audit rows."""

from __future__ import annotations

import argparse
import sys

from appliance.checks import audit as audit_check
from appliance.commands.target import target

HELP = "prove that no audit row was changed, removed or put in between"

BROKEN = 1


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["verify"], help="recompute the chain from its first row")


def run(given: argparse.Namespace) -> int:
    """0 if the chain holds, 1 if it does not; the sentence names the first bad row."""
    box = target(given)
    verdict = audit_check.verify(box)
    for sentence in verdict.unread:
        print(f"Not compared: {sentence}", file=sys.stderr)
    if verdict.fault:
        print(verdict.fault, file=sys.stderr)
        return BROKEN
    print(f"The audit record is whole: {verdict.rows} rows, each proved by the one after it.")
    if verdict.ends:
        print(f"Its end was compared with {verdict.ends} that are remembered outside the database.")
    return 0
