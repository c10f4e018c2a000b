"""wellhouse configure: make the box's files what its settings say, and its database what this version expects."""

from __future__ import annotations

import argparse

from appliance import portal_steps
from appliance.commands.target import target
from appliance.configure.apply import apply
from core.clock import utcnow

HELP = "write nginx's, coturn's and supervisor's configuration, make missing keys, bring the database up to date"


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(given: argparse.Namespace) -> int:
    """Prints one line for each change; “nothing to change” if there was none."""
    box = target(given)
    applied = apply(box.settings, box.config, at=utcnow())
    for path in applied.changed:
        print(f"changed {path}")
    migrations = portal_steps.run("migrate", box.settings, box.config)
    for name in migrations:
        print(f"changed the database: {name}")
    if not applied.changed and not migrations:
        print("nothing to change")
    return 0
