"""wellhouse account recover EMAIL: a one-time link for somebody whom nobody else can let in again."""

from __future__ import annotations

import argparse

from appliance import portal_steps
from appliance.commands.target import target

HELP = "let somebody in again who lost password and second factor"


def add(parser: argparse.ArgumentParser) -> None:
    """What to do, and the e-mail address it is about."""
    parser.add_argument("act", choices=["recover"], help="print a one-time link that is good for an hour")
    parser.add_argument("email", help="the address with which they sign in")


def run(given: argparse.Namespace) -> int:
    box = target(given)
    print(portal_steps.run("recover-account", box.settings, box.config, given.email))
    print("It is good for one hour, works once, and removes their second factors. All admins are told by mail.")
    return 0
