"""wellhouse setup-link: the one-time link with which the first administrator sets up the practice."""

from __future__ import annotations

import argparse

from appliance import portal_steps
from appliance.commands.target import target

HELP = "print the one-time link for setting up the practice"


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(given: argparse.Namespace) -> int:
    box = target(given)
    print(portal_steps.run("setup-link", box.settings, box.config))
    return 0
