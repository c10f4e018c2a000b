"""wellhouse access: who may do what, as docs/ACCESS.md shows it."""

from __future__ import annotations

import argparse

HELP = "print who may do what, and at which addresses"


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(_given: argparse.Namespace) -> int:
    print(document(), end="")
    return 0


def document() -> str:
    """The page, in Markdown."""
    # The portal is large; the other commands need not wait until it has been read.
    from webapp.access import document as access
    from webapp.app import FEATURES

    return access.document(FEATURES)
