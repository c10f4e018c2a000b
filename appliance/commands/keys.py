"""wellhouse keys: what protects the master key while the box is off, and changing that."""

from __future__ import annotations

import argparse
import sys

from appliance.commands import secret_input, target
from appliance.configure.apply import refuse_foreign_box
from appliance.keys import change, place
from appliance.keys.envelope import Protection
from appliance.keys.place import KeyPlace, State
from core.clock import utcnow
from core.errors import Invalid, Refused
from core.settings import Settings
from webapp.crypto.keyring import Keyring

HELP = "show or change what protects the master key while the box is off"

NOT_OPEN = 1

_MEANS = {
    Protection.TPM2: "sealed to this machine's TPM2. The box comes back alone after a power cut; its disk elsewhere "
    "stays shut.\nWho carries the whole machine away can start it: only a passphrase helps against that.",
    Protection.PASSPHRASE: "sealed with a passphrase. After each start somebody runs “sudo wellhouse unlock”; a stolen "
    "disk or machine stays shut.",
    Protection.FILE: "a file that only the portal's account reads. Who steals the disk can open the record.",
}


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    protect = verbs.add_parser("protect", help="change the protection; a new box's key is made")
    protect.add_argument(
        "--with", dest="protection", type=Protection, choices=list(Protection), required=True, metavar="HOW",
        help="tpm2, passphrase or file",
    )  # fmt: skip
    secret_input.add_passphrase_file(protect)
    target.add(protect)


def run(given: argparse.Namespace) -> int:
    """0; 1 if the key is locked or absent."""
    box = target.target(given)
    if given.verb == "protect":
        refuse_foreign_box(box.settings)
        words = _new_passphrase(given) if given.protection is Protection.PASSPHRASE else ""
        is_new = change.protect(box.settings, box.config, given.protection, words=words, at=utcnow())
        if is_new:
            print("The master key is new, and nothing opens without it: print “wellhouse recovery-sheet”.")
    found = place.look(box.settings)
    print(_told(found, box.settings))
    return 0 if found.state is State.OPEN else NOT_OPEN


def _told(found: KeyPlace, settings: Settings) -> str:
    if found.state is State.ABSENT:
        return "There is no master key yet. “wellhouse configure” makes one."
    since = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
    lines = [f"The master key is {_MEANS[found.protection]}", f"Protection: {found.protection}{since}."]
    if found.state is State.LOCKED:
        lines.append("Now: locked. Run “sudo wellhouse unlock”.")
    else:
        lines.append(f"Now: open. Its name on the recovery sheet: {Keyring.of(settings.paths).fingerprint()}.")
    return "\n".join(lines)


def _new_passphrase(given: argparse.Namespace) -> str:
    first = secret_input.secret("New passphrase (12 signs or more): ", given.passphrase_file)
    if given.passphrase_file or not sys.stdin.isatty():
        return first
    if secret_input.secret("Once more: ") != first:
        raise Invalid("The two differ. Nothing was changed; please try again.")
    if not first:
        raise Refused("No passphrase was given. Nothing was changed.")
    return first
