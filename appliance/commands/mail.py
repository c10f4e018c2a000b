"""wellhouse mail test ADDRESS: send a test message through the relay, and say in words what came of it."""

from __future__ import annotations

import argparse
import sys

from appliance import portal_steps
from appliance.commands.target import target

HELP = "send a test message through the mail relay"

NOT_TAKEN = 1


def add(parser: argparse.ArgumentParser) -> None:
    """What to do, and where to."""
    parser.add_argument("act", choices=["test"], help="send a test message")
    parser.add_argument("address", help="who gets it")


def run(given: argparse.Namespace) -> int:
    """0 if the relay took it, else 1."""
    box = target(given)
    tried = portal_steps.run("test-mail", box.settings, box.config, given.address)
    print(tried["sentence"], file=sys.stdout if tried["taken"] else sys.stderr)
    return 0 if tried["taken"] else NOT_TAKEN
