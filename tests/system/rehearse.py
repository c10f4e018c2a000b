"""Rehearses the README's commands on machines that have nothing but git: make rehearse.

    python -m tests.system.rehearse [--on debian-12] [--on debian-13] … [--without-systemd | --with-systemd]
                                    [--tests | --cut-off | --box | --box-cut-off] [--roots DIR]
                                    [--certificate acme|own] [--firewall ufw|firewalld] [--backups FOLDER]

What is rehearsed is the checkout's last commit, in a clone. On each machine the demonstration is installed and must
answer; a second run must change nothing; a changed checkout must be taken up; with systemd it must come back after a
power cut. --cut-off instead ends the power in the middle of installing, again and again, and then lets it finish.
--tests runs ./install.sh --test. --box installs the clinic's box, removes it, installs it over its data, and removes
all of it, and in between gives the machine another address; what it finds around it can be chosen. --box-cut-off ends
the power in the middle of the first of these.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.system.clean_machine import SYSTEMS, Disk, RehearsalFailed, base_tree, clean_disk, running
from tests.system.rehearsal import Rehearsal, cut_off, require, say, with_checkout
from tests.system.rehearse_box import rehearse_box, rehearse_box_cut_off
from tests.system.surroundings import CERTIFICATES, OTHERS

FIRST_RUN_MAX_S = 360.0  # promised in the README, on two cores
# What install.sh says when it comes to each kind of work, in its order.
CUT_OFF_AT = (
    "Installing python3",
    "Installing Ansible",
    "packages : Install the packages",
    "code : Copy the code",
    "code : Install the libraries",
    "code : Install the appliance's own package",
    "demo : Start the demonstration",
    "demo : Wait until the demonstration is ready",
)


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        sys.stderr.write("A clean machine is a container: run this as root, sudo make rehearse.\n")
        return 2
    options.roots.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name in options.on:
        for systemd in options.systemd:
            title = f"{name} {'with' if systemd else 'without'} systemd"
            say(f"{title}: started")
            try:
                with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=options.roots) as scratch:
                    base = base_tree(SYSTEMS[name], options.roots, systemd=systemd)
                    with clean_disk(base, Path(scratch) / "machine") as disk:
                        options.rehearse(title, disk, systemd=systemd)
            except RehearsalFailed as e:
                failures += 1
                say(f"{title}: FAILED: {e}")
    return 1 if failures else 0


def _rehearse_demo(title: str, disk: Disk, *, systemd: bool) -> None:
    with with_checkout(disk, systemd=systemd) as rehearsal:
        changed, took_s, first = rehearsal.install("--demo")
        say(f"{title}: first run {took_s:.0f} s, changed={changed}")
        require(took_s < FIRST_RUN_MAX_S, f"the first run took {took_s:.0f} s, more than {FIRST_RUN_MAX_S:.0f}")
        rehearsal.validate()
        before = rehearsal.processes()
        require(bool(before), "the appliance answers, but nothing runs as its user")

        changed, took_s, second = rehearsal.install("--demo")
        say(f"{title}: second run {took_s:.0f} s, changed={changed}")
        require(changed == 0, f"the second run changed {changed} things")
        require(_announced(first) == _announced(second), "the second run announces another demonstration")
        require(rehearsal.processes() == before, "the second run restarted something")
        rehearsal.validate()

        rehearsal.machine.must(f"echo '# changed' >> {rehearsal.checkout}/core/clock.py", user=rehearsal.user)
        changed, took_s, _ = rehearsal.install("--demo")
        say(f"{title}: run with a changed checkout {took_s:.0f} s, changed={changed}")
        after = rehearsal.processes()
        require(changed > 0 and not before.keys() & after.keys(), "a changed checkout was not taken up")
        releases = rehearsal.machine.must("ls /opt/wellhouse/releases").output.split()
        require(len(releases) == 1, f"there should be one release, not {releases}")
        rehearsal.validate()
    if not systemd:
        return  # nothing starts by itself in a container; its owner says what does
    with running(disk, systemd=True) as machine:
        machine.must("until test -e /var/lib/wellhouse-demo/demo.json; do sleep 1; done")
        Rehearsal(machine, rehearsal.user, rehearsal.checkout).validate()
        say(f"{title}: came back by itself after a power cut")


def _rehearse_cut_off(title: str, disk: Disk, *, systemd: bool) -> None:
    with with_checkout(disk, systemd=systemd) as rehearsal:
        pass
    cut_off(title, disk, rehearsal, "--demo", CUT_OFF_AT, systemd=systemd)
    with running(disk, systemd=systemd) as machine:
        last = Rehearsal(machine, rehearsal.user, rehearsal.checkout)
        _, took_s, _ = last.install("--demo")
        last.validate()
        changed, _, _ = last.install("--demo")
        require(changed == 0, f"after the cuts, the run after the whole one changed {changed} things")
        say(f"{title}: finished after the cuts in {took_s:.0f} s")


def _rehearse_tests(title: str, disk: Disk, *, systemd: bool) -> None:
    with with_checkout(disk, systemd=systemd) as rehearsal:
        _, took_s, _ = rehearsal.install("--test")
        say(f"{title}: ./install.sh --test passed in {took_s:.0f} s")


def _announced(output: str) -> str:
    return output.partition("Wellhouse is up")[2]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rehearse", description=__doc__.partition("\n")[0])
    parser.add_argument("--on", action="append", choices=sorted(SYSTEMS), help="default: debian-12")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--with-systemd", dest="systemd", action="store_const", const=(True,))
    which.add_argument("--without-systemd", dest="systemd", action="store_const", const=(False,))
    what = parser.add_mutually_exclusive_group()
    for option, rehearse, meaning in (
        ("--tests", _rehearse_tests, "rehearse ./install.sh --test instead of --demo"),
        ("--cut-off", _rehearse_cut_off, "end the power in the middle of installing"),
        ("--box", rehearse_box, "rehearse the clinic's box and its removal"),
        ("--box-cut-off", rehearse_box_cut_off, "end the power in the middle of installing the clinic's box"),
    ):
        what.add_argument(option, dest="rehearse", action="store_const", const=rehearse, help=meaning)
    around = parser.add_argument_group("what the clinic's box finds around it, with --box")
    around.add_argument("--certificate", choices=sorted(CERTIFICATES), help="where it comes from [local]")
    around.add_argument("--firewall", choices=sorted(OTHERS), help="one that is at work before")
    around.add_argument("--backups", metavar="FOLDER", help="where backups go")
    parser.add_argument("--roots", type=Path, default=Path("/var/cache/wellhouse-rehearsal"), help="untouched trees")
    parser.set_defaults(systemd=(True, False), rehearse=_rehearse_demo)
    options = parser.parse_args()
    options.on = options.on or ["debian-12"]
    found = {name: getattr(options, name) for name in ("certificate", "firewall", "backups")}
    if given := {name: value for name, value in found.items() if value}:
        if options.rehearse is not rehearse_box:
            parser.error(f"--{next(iter(given))} goes with --box.")
        options.rehearse = partial(rehearse_box, **given)
    return options


if __name__ == "__main__":
    sys.exit(main())
