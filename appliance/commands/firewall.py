"""wellhouse firewall: load the box's own rules into the kernel, or take them out; nobody else's are touched."""

from __future__ import annotations

import argparse
import os

from appliance.commands.target import target
from appliance.configure.files import write
from appliance.firewall import guard, nft
from appliance.firewall.rules import has_rules, rules, rules_file
from core.errors import Refused

HELP = "load the box's own firewall rules, or remove them"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", choices=["load", "remove"], help="load them as configured, or remove them")


def run(given: argparse.Namespace) -> int:
    """Prints what changed; “nothing to change” if the kernel has the rules as they are written."""
    box = target(given)
    if os.geteuid() != 0:
        raise Refused("Only root may change the firewall. Run this with sudo.")
    if given.verb == "remove":
        nft.remove()
        print("The box's own rules are out of the kernel. “wellhouse firewall load” puts them back.")
        return 0
    if not has_rules(box.settings):
        raise Refused("[users] names no account for coturn: rules tell the parts apart by their accounts.")
    file = rules_file(box.settings)
    guard.refuse_to_lock_out(box.settings)
    text = rules(box.settings)
    nft.refuse_faulty(text)
    written = write(file, text.encode(), mode=0o600)
    if not written and nft.compare(file) is nft.Loaded.AS_WRITTEN:
        print("nothing to change")
        return 0
    nft.load(file)
    print(f"changed the firewall: the kernel has the rules of {file}")
    return 0
