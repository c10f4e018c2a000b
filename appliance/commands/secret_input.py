"""Asking for a secret at the console, where it is not shown; from a file or a pipe where nobody sits."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path


def secret(prompt: str, file: Path | None = None) -> str:
    """What was typed, or is in *file* (or standard input, if that is no terminal), without its last line break."""
    if file is not None:
        return file.read_text(encoding="utf-8").removesuffix("\n")
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().removesuffix("\n")


def add_passphrase_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="instead of typing it")
