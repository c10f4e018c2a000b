"""A machine with the checkout on it, and what a rehearsal does to it: install, remove, cut the power off."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.clean_machine import CleanMachine, Disk, RehearsalFailed, running

CHECKOUT = Path(__file__).parents[2]
INTO_IT_S = 2.0
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

    def box(self, title: str, options: str) -> tuple[int, str]:
        """Install the clinic's box, which must then be well; how many things Ansible changed, and what was printed."""
        changed, took_s, said = self.install(options)
        say(f"{title}: ./install.sh took {took_s:.0f} s, changed={changed}")
        require("Next three things" in said, "it does not say what to do next")
        require("/setup?link=" not in said, "the one-time link is printed where nobody sits")
        self.machine.must("wellhouse status")
        return changed, said

    def must_leave(self, options: str) -> None:
        """Remove the box: nothing of it may run, listen or start any more."""
        self.machine.must(f"cd {self.checkout} && ./install.sh {options}", user=self.user, show=True)
        left = self.machine.run(
            "ls -d /opt/wellhouse /usr/local/bin/wellhouse 2>/dev/null; nft list tables | grep wellhouse;"
            " find /etc -path /etc/wellhouse -prune -o -name '*wellhouse*' -print;"
            " grep -l wellhouse /proc/[0-9]*/cgroup"
        )
        require(left.output == "", f"it left:\n{left.output}")

    def validate(self) -> None:
        """Let the playbook that checks the machine judge it."""
        self.machine.must(VALIDATE.format(checkout=self.checkout))

    def processes(self) -> dict[int, str]:
        """What the appliance runs, by process id."""
        return self.machine.processes(APPLIANCE)


@contextmanager
def with_checkout(
    disk: Disk, *, systemd: bool, at_power_on: Callable[[int], None] = lambda _leader: None
) -> Iterator[Rehearsal]:
    """A machine started from *disk* with a clone of the checkout: a person's who has sudo, or root's in a container."""
    user, home = (PERSON, f"/home/{PERSON}") if systemd else ("root", "/root")
    checkout = f"{home}/wellhouse"
    with running(disk, systemd=systemd, at_power_on=at_power_on) as machine:
        if user == PERSON:
            machine.must(f"useradd --create-home --shell /bin/bash {PERSON}")
            (disk.root / f"etc/sudoers.d/{PERSON}").write_text(f"{PERSON} ALL=(ALL:ALL) NOPASSWD: ALL\n")
        clone = str(disk.root) + checkout
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(CHECKOUT), clone], check=True)
        machine.must(f"chown --recursive {user}: {checkout}")
        yield Rehearsal(machine, user, checkout)


def cut_off(title: str, disk: Disk, rehearsal: Rehearsal, options: str, marks: Iterable[str], *, systemd: bool) -> None:
    """End the power each time that install.sh comes to one of *marks*."""
    for mark in marks:
        with running(disk, systemd=systemd) as machine:
            process = machine.start(f"cd {rehearsal.checkout} && ./install.sh {options}", user=rehearsal.user)
            said = _read_until(mark, process)
            require(mark in said, f"it never came to “{mark}”:\n{said[-3000:]}")
            time.sleep(INTO_IT_S)
        process.communicate()
        say(f"{title}: cut off at “{mark}”")


def _read_until(mark: str, process: subprocess.Popen[str]) -> str:
    """What *process* prints up to the line with *mark*, or to its end."""
    assert process.stdout is not None  # a pipe was asked for
    said = ""
    while mark not in said and (line := process.stdout.readline()):
        said += line
    return said


def require(good: bool, sentence: str) -> None:
    if not good:
        raise RehearsalFailed(sentence)


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
