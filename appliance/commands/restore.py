"""wellhouse restore: bring a box back from a backup, on this machine or on a bare one."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import timedelta
from pathlib import Path

from appliance.backup.restore import Wanted, restore
from appliance.commands.target import config_of
from appliance.supervisor.session import Lock
from core.clock import from_unix, utcnow
from core.settings import load

HELP = "bring a box back from a backup, with the recovery key"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", metavar="TARGET", help="where the backups lie, as restic writes it")
    parser.add_argument("--snapshot", default="", metavar="ID", help="which one [the newest]")
    parser.add_argument("--replace", action="store_true", help="move the data that are there aside")
    parser.add_argument("--recovery-key-file", type=Path, metavar="FILE", help="instead of typing the key")
    parser.add_argument("--credentials-file", default="", metavar="FILE", help="NAME=value lines that open the target")


def run(given: argparse.Namespace) -> int:
    """0 when the box is back; start it then with “wellhouse up” or its unit."""
    config = config_of(given)
    if given.recovery_key_file:
        key = given.recovery_key_file.read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        key = getpass.getpass("Recovery key (from the sheet): ")
    else:
        key = sys.stdin.read()
    wanted = Wanted(given.place, key, given.snapshot, given.replace, given.credentials_file)
    if config.exists():
        with Lock(Path(load(config).paths.run) / "up.lock"):  # a running box would write into what is replaced
            done = restore(wanted, config, at=utcnow(), say=_say)
    else:
        done = restore(wanted, config, at=utcnow(), say=_say)
    made_at = from_unix(done.manifest.made_at)
    rows, number = sum(done.manifest.rows.values()), done.manifest.number
    print(
        f"The box of {made_at:%Y-%m-%d %H:%M} UTC is back (set {number}, {rows} rows, {_age(utcnow() - made_at)} old)."
    )
    if done.aside:
        print(f"What was there before lies in {done.aside}. Remove it when you have seen that all is well.")
    print("Start it now (systemctl start wellhouse, or wellhouse up), and run: wellhouse check")
    return 0


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


def _say(step: str) -> None:
    print(f"  {step} …", flush=True)
