"""wellhouse reload-certificates: the site shows the certificate that lies on disk, and no call is dropped."""

from __future__ import annotations

import argparse

from appliance.certificates.reloading import reload
from appliance.commands.target import target

HELP = "have the site show the certificate that lies on disk; no call is dropped"


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(given: argparse.Namespace) -> int:
    """0 once the site shows it."""
    box = target(given)
    reload(box)
    print(f"{box.settings.origin} shows the certificate that lies on disk. No call was dropped.")
    return 0
