"""wellhouse unlock: open the master key after a start, with the passphrase or the recovery sheet."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from appliance.backup.restore import parse_recovery_key
from appliance.box import Box
from appliance.commands import secret_input
from appliance.commands.target import target
from appliance.configure.apply import refuse_foreign_box
from appliance.keys import place, unlock, waiting_units
from appliance.keys.envelope import Protection
from appliance.keys.passphrase import WrongPassphrase
from appliance.keys.place import State
from appliance.storage import volume
from core.clock import utcnow
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import Locked

HELP = "open the master key after a start, with the passphrase or the recovery sheet"

TRIES = 3  # at the console; each costs a second by itself, so guessing is slow without shutting anybody out
_ONLY_OPEN = (
    "Open. This box has no data yet, so nothing was started: that would begin an empty practice. If the data are on a "
    "disk, run “wellhouse storage use DEVICE”; then start the box with “systemctl start wellhouse”, or “wellhouse up”."
)
STILL_LOCKED = 4  # at boot: what waits for this does not start


def add(parser: argparse.ArgumentParser) -> None:
    secret_input.add_passphrase_file(parser)
    parser.add_argument("--recovery-key", action="store_true", help="with the key on the recovery sheet")
    parser.add_argument("--recovery-key-file", type=Path, metavar="FILE", help="instead of typing it")
    parser.add_argument("--at-boot", action="store_true", help="open what opens without a person (for the unit)")


def run(given: argparse.Namespace) -> int:
    """0 when the box is open; 4 if it is still locked, at boot."""
    box = target(given)
    refuse_foreign_box(box.settings)
    if given.at_boot:
        return _at_boot(box)
    if given.recovery_key or given.recovery_key_file:
        without_data = _without_data(box.settings)
        _by_recovery_key(box, given.recovery_key_file)
        if without_data:
            print(_ONLY_OPEN)
            return 0
    else:
        found = place.look(box.settings)
        if found.state is State.ABSENT:
            raise Refused("There is no master key. “wellhouse configure” makes one; --recovery-key takes the sheet's.")
        if found.state is State.LOCKED and found.protection is Protection.TPM2:
            unlock.at_boot(box.settings)
        elif found.state is State.LOCKED:
            _by_passphrase(box, given.passphrase_file)
        else:
            print("The key is open already.")
    print("Open. " + waiting_units.start(box))
    return 0


def _without_data(settings: Settings) -> bool:
    """Whether there is neither a key nor anything that one would open."""
    paths = settings.paths
    files = (paths.sealed_master_key, paths.plain_master_key, paths.database_file)
    return not any(file.exists() for file in files) and volume.look(settings).state is volume.State.NONE


def _at_boot(box: Box) -> int:
    try:
        opened = unlock.at_boot(box.settings)
    except Locked as e:
        print(e.sentence, file=sys.stderr)
        return STILL_LOCKED
    print("The TPM2 opened the master key." if opened else "The master key needs no opening.")
    return 0


def _by_passphrase(box: Box, file: Path | None) -> None:
    at_console = file is None and sys.stdin.isatty()
    for left in reversed(range(TRIES if at_console else 1)):
        try:
            unlock.with_passphrase(box.settings, secret_input.secret("Passphrase: ", file))
        except WrongPassphrase as e:
            if not left:
                raise
            print(e.sentence, file=sys.stderr)
        else:
            return


def _by_recovery_key(box: Box, file: Path | None) -> None:
    keyring = parse_recovery_key(secret_input.secret("Recovery key (from the sheet): ", file))
    protection = unlock.with_recovery_key(box.settings, keyring, at=utcnow())
    if protection is Protection.FILE:
        print("The key is now a file. Protect it: “wellhouse keys protect --with tpm2”, or passphrase.")
    else:
        print(f"If the {protection} no longer opens it, seal it anew: “wellhouse keys protect --with {protection}”.")
