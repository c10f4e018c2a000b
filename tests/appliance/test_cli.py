"""The ``wellhouse`` command as a whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

from appliance.cli import COMMANDS
from tests.appliance.folder import CHECKOUT, wellhouse

ASKED_FOR_HELP = """
import contextlib, sys
from appliance.cli import main
with contextlib.suppress(SystemExit):
    main(sys.argv[1:])
print("webapp.app" in sys.modules)
"""


@pytest.mark.parametrize(("command", "loads_the_portal"), [("status", "False"), ("check", "True")])
def test_a_command_does_not_wait_for_what_only_others_need(command: str, loads_the_portal: str) -> None:
    asked = [sys.executable, "-c", ASKED_FOR_HELP, command, "--help"]
    told = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert (f"usage: wellhouse {command} " in told, told.splitlines()[-1]) == (True, loads_the_portal)


def test_every_command_is_listed() -> None:
    told = wellhouse("--help").stdout.split()
    assert [command for command in COMMANDS if command not in told] == []


def test_a_command_that_does_not_exist_is_answered_with_those_that_do() -> None:
    told = wellhouse("backups")
    assert told.returncode == 2
    assert all(command in told.stderr for command in ("'backups'", *COMMANDS))
