"""Proves what protects the keys and the data, on virtual machines with a TPM2: make test-vm (root; QEMU, swtpm).

    python -m tests.system.vm [--on debian-12] [--roots DIR] [--provisioned DIR]

A power cut is the end of QEMU's process: what the machine had not handed to its disk is lost; what the disk's own cache
would lose is not shown here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.system.clean_machine import SYSTEMS, RehearsalFailed
from tests.system.vm import stories
from tests.system.vm.image import base_tree, bootable
from tests.system.vm.provision import provisioned_tree


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.vm", description=__doc__)
    parser.add_argument("--on", choices=list(SYSTEMS), default="debian-12")
    parser.add_argument("--roots", type=Path, default=Path("/var/cache/wellhouse-vm"), help="where base trees are kept")
    parser.add_argument("--provisioned", type=Path, metavar="DIR", help="use, or make and keep, an installed tree here")
    given = parser.parse_args()
    if os.geteuid() != 0:
        sys.stderr.write("Its disks are made from a tree of root's: run this as root, sudo make test-vm.\n")
        return 2
    missing = [
        name for name in ("qemu-system-x86_64", "swtpm", "mmdebstrap", "mkfs.ext4") if shutil.which(name) is None
    ]
    if missing:
        sys.stderr.write(f"Not installed: {', '.join(missing)}. Nothing was tried.\n")
        return 2
    began = time.monotonic()
    given.roots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vm-", dir=given.roots) as name:
        scratch = Path(name)
        try:
            base = base_tree(SYSTEMS[given.on], given.roots)
            tree = provisioned_tree(base, given.provisioned or scratch / "provisioned")
            (scratch / "fresh").mkdir()
            stories.play(bootable(tree, scratch / "fresh"), scratch)
        except RehearsalFailed as e:
            stories.say(f"FAILED: {e}")
            return 1
    stories.say(f"all of it held, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
