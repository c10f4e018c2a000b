"""wellhouse settings: every setting with its meaning and default, as docs/SETTINGS.md shows them."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from core.settings import DEFAULT_FILE, Settings

HELP = "print every setting with its meaning and default"

_HEAD = f"""# Settings

All settings live in one file, `{DEFAULT_FILE}` (TOML), or `etc/wellhouse.toml` in the folder of `wellhouse up --root`.
A setting that is left out has its default. After a change run `wellhouse configure`, then restart the appliance;
`wellhouse check` tells what does not fit.

This page is made by `wellhouse settings` from the settings themselves.
"""


def add(_parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(_given: argparse.Namespace) -> int:
    print(document(), end="")
    return 0


def document() -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    for section in fields(Settings):
        kind: Any = section.default_factory
        parts.append(f"\n## [{section.name}]\n\n{(kind.__doc__ or '').strip()}\n\n")
        parts.append("| setting | default | meaning |\n|---|---|---|\n")
        parts += [f"| `{f.name}` | `{_shown(f.default)}` | {f.metadata['prose']} |\n" for f in fields(kind)]
    return "".join(parts)


def _shown(default: object) -> str:
    match default:
        case bool():
            return str(default).lower()
        case str():
            return f'"{default}"'
        case tuple():
            return f"[{', '.join(map(_shown, default))}]"
        case _:
            return str(default)
