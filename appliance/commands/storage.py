"""wellhouse storage: the encrypted volume that holds the data, where the box has a disk for them."""

from __future__ import annotations

import argparse
from pathlib import Path

from appliance.commands import target
from appliance.storage import volume
from appliance.storage.volume import State
from core.clock import utcnow

HELP = "show, take, open or close the encrypted volume of the data"

NOT_OPEN = 1


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    use = verbs.add_parser("use", help="have the data on an empty disk, which is formatted, or on this box's own")
    use.add_argument("device", type=Path, metavar="DEVICE", help="as /dev/sdb, or better /dev/disk/by-id/…")
    opening = verbs.add_parser("open", help="open and mount it, as at every start")
    closing = verbs.add_parser("close", help="unmount and close it; stop Wellhouse first")
    for verb in (use, opening, closing):
        target.add(verb)


def run(given: argparse.Namespace) -> int:
    """0; 1 if there is a volume and it is not open."""
    settings = target.target(given).settings
    match given.verb:
        case "use":
            done = volume.use(settings, given.device, at=utcnow())
            print("\n".join(f"changed: {what}" for what in done) or "nothing to change")
        case "open":
            print("The data volume is open." if volume.open_and_mount(settings) else "There is nothing to open.")
        case "close":
            print("The data volume is closed." if volume.unmount_and_close(settings) else "There is nothing to close.")
        case _:
            found = volume.look(settings)
            if found.state is State.NONE:
                print(f"The data lie in {settings.paths.data} on the system's disk; there is no volume of their own.")
            else:
                print(f"The data volume (LUKS {found.uuid}) is {found.state}; its place is {settings.paths.data}.")
            return NOT_OPEN if found.state is State.CLOSED else 0
    return 0
