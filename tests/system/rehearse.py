"""Rehearses the README's commands on machines that have nothing but git: make rehearse.

    python -m tests.system.rehearse [--on debian-12] [--on debian-13] … [--without-systemd | --with-systemd]
                                    [--tests | --cut-off | --box | --box-cut-off] [--roots DIR]

What is rehearsed is the checkout's last commit, in a clone. On each machine the demonstration is installed and must
answer; a second run must change nothing; a changed checkout must be taken up; with systemd it must come back after a
power cut. --cut-off instead ends the power in the middle of installing, again and again, and then lets it finish.
--tests runs ./install.sh --test. --box installs the clinic's box, removes it, installs it over its data, and removes
all of it; --box-cut-off ends the power in the middle of the first of these.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.clean_machine import SYSTEMS, CleanMachine, Disk, RehearsalFailed, base_tree, clean_disk, running

CHECKOUT = Path(__file__).parents[2]
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
INTO_IT_S = 2.0
BOX_NAME = "care.clinic.example"
BOX = (
    f"--hostname {BOX_NAME} --email it@clinic.example --certificate local --smtp none --backup /var/backups/wellhouse "
    "--key-protection file"
)
BOX_KEPT = "/etc/wellhouse/keys/master.key /etc/wellhouse/wellhouse.toml /etc/wellhouse/certificates/authority.pem"
BOX_CUT_OFF_AT = (
    "Installing Ansible",
    "packages : Install the packages",
    "code : Install the libraries",
    "firewall : Hold the rules",
    "supervisor : Have the appliance write",
    "supervisor : Start it",
)
PERSON = "ada"  # on machines with systemd, the one who sits there and has sudo
ANSWER = re.compile(r"ok=\d+ +changed=(\d+)")
VALIDATE = (
    "ANSIBLE_CONFIG={checkout}/ansible/ansible.cfg /opt/wellhouse/provision/bin/ansible-playbook "
    "{checkout}/ansible/validate.yml"
)
APPLIANCE = "wellhouse"  # the system user


@dataclass(frozen=True)
class Rehearsal:
    """A machine with the checkout on it, and who calls."""

    machine: CleanMachine
    user: str
    checkout: str

    def install(self, option: str) -> tuple[int, float, str]:
        """Run ./install.sh; how many things Ansible changed, the seconds it took, and what was printed."""
        done = self.machine.must(f"cd {self.checkout} && ./install.sh {option}", user=self.user, show=True)
        counted = ANSWER.search(done.output)
        if counted is None:
            raise RehearsalFailed(f"install.sh did not say how many changes it made: {done.output[-2000:]}")
        return int(counted[1]), done.took_s, done.output

    def box(self, title: str, options: str) -> int:
        """Install the clinic's box, which must then be well; how many things Ansible changed."""
        changed, took_s, said = self.install(options)
        _say(f"{title}: ./install.sh took {took_s:.0f} s, changed={changed}")
        _require("Next three things" in said, "it does not say what to do next")
        _require("/setup?link=" not in said, "the one-time link is printed where nobody sits")
        self.machine.must("wellhouse status")
        return changed

    def must_leave(self, options: str) -> None:
        """Remove the box: nothing of it may run, listen or start any more."""
        self.machine.must(f"cd {self.checkout} && ./install.sh {options}", user=self.user, show=True)
        left = self.machine.run(
            "ls -d /opt/wellhouse /usr/local/bin/wellhouse 2>/dev/null; nft list tables | grep wellhouse;"
            " find /etc -path /etc/wellhouse -prune -o -name '*wellhouse*' -print;"
            " grep -l wellhouse /proc/[0-9]*/cgroup"
        )
        _require(left.output == "", f"it left:\n{left.output}")

    def validate(self) -> None:
        """Let the playbook that checks the machine judge it."""
        self.machine.must(VALIDATE.format(checkout=self.checkout))

    def processes(self) -> dict[int, str]:
        """What the appliance runs, by process id."""
        return self.machine.processes(APPLIANCE)


def main() -> int:
    options = _options()
    if os.geteuid() != 0:
        sys.stderr.write("A clean machine is a container: run this as root, sudo make rehearse.\n")
        return 2
    failures = 0
    for name in options.on:
        for systemd in options.systemd:
            title = f"{name} {'with' if systemd else 'without'} systemd"
            _say(f"{title}: started")
            try:
                with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=options.roots) as scratch:
                    base = base_tree(SYSTEMS[name], options.roots, systemd=systemd)
                    with clean_disk(base, Path(scratch) / "machine") as disk:
                        options.rehearse(title, disk, systemd=systemd)
            except RehearsalFailed as e:
                failures += 1
                _say(f"{title}: FAILED: {e}")
    return 1 if failures else 0


def _rehearse_demo(title: str, disk: Disk, *, systemd: bool) -> None:
    with _with_checkout(disk, systemd=systemd) as rehearsal:
        changed, took_s, first = rehearsal.install("--demo")
        _say(f"{title}: first run {took_s:.0f} s, changed={changed}")
        _require(took_s < FIRST_RUN_MAX_S, f"the first run took {took_s:.0f} s, more than {FIRST_RUN_MAX_S:.0f}")
        rehearsal.validate()
        before = rehearsal.processes()
        _require(bool(before), "the appliance answers, but nothing runs as its user")

        changed, took_s, second = rehearsal.install("--demo")
        _say(f"{title}: second run {took_s:.0f} s, changed={changed}")
        _require(changed == 0, f"the second run changed {changed} things")
        _require(_announced(first) == _announced(second), "the second run announces another demonstration")
        _require(rehearsal.processes() == before, "the second run restarted something")
        rehearsal.validate()

        rehearsal.machine.must(f"echo '# changed' >> {rehearsal.checkout}/core/clock.py", user=rehearsal.user)
        changed, took_s, _ = rehearsal.install("--demo")
        _say(f"{title}: run with a changed checkout {took_s:.0f} s, changed={changed}")
        after = rehearsal.processes()
        _require(changed > 0 and not before.keys() & after.keys(), "a changed checkout was not taken up")
        releases = rehearsal.machine.must("ls /opt/wellhouse/releases").output.split()
        _require(len(releases) == 1, f"there should be one release, not {releases}")
        rehearsal.validate()
    if not systemd:
        return  # nothing starts by itself in a container; its owner says what does
    with running(disk, systemd=True) as machine:
        machine.must("until test -e /var/lib/wellhouse-demo/demo.json; do sleep 1; done")
        Rehearsal(machine, rehearsal.user, rehearsal.checkout).validate()
        _say(f"{title}: came back by itself after a power cut")


def _rehearse_box(title: str, disk: Disk, *, systemd: bool) -> None:
    with _with_checkout(disk, systemd=systemd) as rehearsal:
        machine = rehearsal.machine
        nobody = machine.run(f"cd {rehearsal.checkout} && ./install.sh", user=rehearsal.user)
        _require(nobody.status == 2 and "--hostname NAME" in nobody.output, "missing answers are not named")
        _require(machine.run("test -e /etc/wellhouse").status != 0, "something was changed before it was answered")
        rehearsal.box(title, BOX)
        changed = rehearsal.box(title, "")
        _require(changed == 0, f"the second run changed {changed} things")
        link = machine.must("wellhouse setup-link").output
        _require(link.startswith(f"https://{BOX_NAME}/setup?link="), f"the set-up link is {link}")
        before = machine.must(f"sha256sum {BOX_KEPT}").output

        rehearsal.must_leave("--uninstall")
        _require(machine.must(f"sha256sum {BOX_KEPT}").output == before, "removing it changed what should stay")
        rehearsal.box(title, "")
        _require(machine.must(f"sha256sum {BOX_KEPT}").output == before, "installing it again made another box")
        machine.must("wellhouse audit verify")

        wrong = machine.run(f"cd {rehearsal.checkout} && ./install.sh --uninstall --and-data --hostname a.example")
        _require(wrong.status == 1, "another name erases the data")
        rehearsal.must_leave(f"--uninstall --and-data --hostname {BOX_NAME}")
        left = machine.run(
            "ls -d /etc/wellhouse /var/lib/wellhouse /var/log/wellhouse; getent passwd | grep ^wellhouse"
        )
        _require(not [line for line in left.output.splitlines() if "cannot access" not in line], f"left: {left.output}")
        _say(f"{title}: installed, removed, installed over its data, and removed with them")


def _rehearse_box_cut_off(title: str, disk: Disk, *, systemd: bool) -> None:
    with _with_checkout(disk, systemd=systemd) as rehearsal:
        pass
    _cut_off(title, disk, rehearsal, BOX, BOX_CUT_OFF_AT, systemd=systemd)
    with running(disk, systemd=systemd) as machine:
        last = Rehearsal(machine, rehearsal.user, rehearsal.checkout)
        last.box(f"{title}, after the cuts", "")
        changed = last.box(title, "")
        _require(changed == 0, f"after the cuts, the run after the whole one changed {changed} things")


def _rehearse_cut_off(title: str, disk: Disk, *, systemd: bool) -> None:
    with _with_checkout(disk, systemd=systemd) as rehearsal:
        pass
    _cut_off(title, disk, rehearsal, "--demo", CUT_OFF_AT, systemd=systemd)
    with running(disk, systemd=systemd) as machine:
        last = Rehearsal(machine, rehearsal.user, rehearsal.checkout)
        _, took_s, _ = last.install("--demo")
        last.validate()
        changed, _, _ = last.install("--demo")
        _require(changed == 0, f"after the cuts, the run after the whole one changed {changed} things")
        _say(f"{title}: finished after the cuts in {took_s:.0f} s")


def _rehearse_tests(title: str, disk: Disk, *, systemd: bool) -> None:
    with _with_checkout(disk, systemd=systemd) as rehearsal:
        _, took_s, _ = rehearsal.install("--test")
        _say(f"{title}: ./install.sh --test passed in {took_s:.0f} s")


@contextmanager
def _with_checkout(disk: Disk, *, systemd: bool) -> Iterator[Rehearsal]:
    """A machine started from *disk* with a clone of the checkout: a person's who has sudo, or root's in a container."""
    user, home = (PERSON, f"/home/{PERSON}") if systemd else ("root", "/root")
    checkout = f"{home}/wellhouse"
    with running(disk, systemd=systemd) as machine:
        if user == PERSON:
            machine.must(f"useradd --create-home --shell /bin/bash {PERSON}")
            (disk.root / f"etc/sudoers.d/{PERSON}").write_text(f"{PERSON} ALL=(ALL:ALL) NOPASSWD: ALL\n")
        clone = str(disk.root) + checkout
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(CHECKOUT), clone], check=True)
        machine.must(f"chown --recursive {user}: {checkout}")
        yield Rehearsal(machine, user, checkout)


def _cut_off(
    title: str, disk: Disk, rehearsal: Rehearsal, options: str, marks: Iterable[str], *, systemd: bool
) -> None:
    """End the power each time that install.sh comes to one of *marks*."""
    for mark in marks:
        with running(disk, systemd=systemd) as machine:
            process = machine.start(f"cd {rehearsal.checkout} && ./install.sh {options}", user=rehearsal.user)
            said = _read_until(mark, process)
            _require(mark in said, f"it never came to “{mark}”:\n{said[-3000:]}")
            time.sleep(INTO_IT_S)
        process.communicate()
        _say(f"{title}: cut off at “{mark}”")


def _read_until(mark: str, process: subprocess.Popen[str]) -> str:
    """What *process* prints up to the line with *mark*, or to its end."""
    assert process.stdout is not None  # a pipe was asked for
    said = ""
    while mark not in said and (line := process.stdout.readline()):
        said += line
    return said


def _announced(output: str) -> str:
    return output.partition("Wellhouse is up")[2]


def _require(good: bool, sentence: str) -> None:
    if not good:
        raise RehearsalFailed(sentence)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


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
        ("--box", _rehearse_box, "rehearse the clinic's box and its removal"),
        ("--box-cut-off", _rehearse_box_cut_off, "end the power in the middle of installing the clinic's box"),
    ):
        what.add_argument(option, dest="rehearse", action="store_const", const=rehearse, help=meaning)
    parser.add_argument("--roots", type=Path, default=Path("/var/cache/wellhouse-rehearsal"), help="untouched trees")
    parser.set_defaults(systemd=(True, False), rehearse=_rehearse_demo)
    options = parser.parse_args()
    options.on = options.on or ["debian-12"]
    return options


if __name__ == "__main__":
    sys.exit(main())
