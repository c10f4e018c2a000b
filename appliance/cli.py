"""The ``wellhouse`` command: what clinic IT types at the console."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from appliance.commands import target
from appliance.configure.render import product_version
from appliance.plain import plain
from core.errors import WellhouseError

COMMANDS = (
    "up",
    "configure",
    "status",
    "check",
    "firewall",
    "settings",
    "access",
    "audit",
    "certificates",
    "reload-certificates",
    "backup",
    "restore",
    "recovery-sheet",
    "keys",
    "unlock",
    "storage",
    "setup-link",
    "account",
    "mail",
)
USER_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. What a person got wrong is one sentence and exit code 2, never a traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    # All of them together load the whole portal, which takes a second of the processor.
    names = words[:1] if words and words[0] in COMMANDS else COMMANDS
    modules = {name: import_module(f"appliance.commands.{name.replace('-', '_')}") for name in names}
    parser = argparse.ArgumentParser(prog="wellhouse", description="Telehealth that a clinic hosts itself.")
    parser.add_argument("--version", action="version", version=f"wellhouse {product_version()}")
    target.add(parser)
    chosen = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        command = chosen.add_parser(name, help=module.HELP, description=module.__doc__)
        target.add(command)
        module.add(command)
    given = parser.parse_args(words)
    try:
        code: int = modules[given.command].run(given)
    except WellhouseError as e:
        print(f"wellhouse: {plain(e.sentence)}", file=sys.stderr)
        return USER_ERROR
    except PermissionError as e:
        print(f"wellhouse: {e.filename or 'something'} is not yours to use. Run this with sudo.", file=sys.stderr)
        return USER_ERROR
    except OSError as e:
        print(f"wellhouse: {e.filename or 'The system'}: {e.strerror or e}.", file=sys.stderr)
        return USER_ERROR
    return code
