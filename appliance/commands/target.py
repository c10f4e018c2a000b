"""Which box a command is about: --config FILE or --root DIR, before or after the command's name."""

from __future__ import annotations

import argparse
from pathlib import Path

from appliance.box import Box
from appliance.configure.root import settings_file
from core.settings import DEFAULT_FILE, load


def add(parser: argparse.ArgumentParser) -> None:
    """Offer --config and --root; a value given before the command's name is kept."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help=f"the settings file [{DEFAULT_FILE}]"
    )
    choice.add_argument(
        "--root", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="an appliance in a folder, made by “up”"
    )


def root_of(given: argparse.Namespace) -> Path | None:
    """The folder given by --root, absolute."""
    root: Path | None = getattr(given, "root", None)
    return root.resolve() if root else None


def config_of(given: argparse.Namespace) -> Path:
    """The settings file that is meant, absolute."""
    root = root_of(given)
    if root:
        return settings_file(root)
    config: Path = getattr(given, "config", DEFAULT_FILE)
    return config.resolve()


def target(given: argparse.Namespace) -> Box:
    """The box that is meant; SettingError if its file is missing or wrong."""
    config = config_of(given)
    return Box(config, load(config))
