"""The clinic's box on a clean machine: installed, asked, backed up, brought back."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.system.checkout import put_checkout
from tests.system.clean_machine import CleanMachine, Disk, Outcome, RehearsalFailed, running
from tests.system.machine.guest import Guest, neighbour

CHECKOUT = "/usr/local/src/wellhouse"  # where accounts other than root can read it
BACKUPS = "/srv/backup"
NAME = "clinic.example"
THEIR_RULES = "table inet clinic_own {\n chain kept {\n type filter hook input priority 70; policy accept;\n }\n}\n"
RECAP = re.compile(r"ok=\d+ +changed=(\d+)")
KEY_ON_SHEET = re.compile(r"^ {4}((?:[0-9a-f]{4} ?)+)$", re.MULTILINE)
UP_WITHIN_S = 120.0
PARTS = ("wellhouse", "wellhouse-rtc", "wellhouse-turn", "wellhouse-web")


@dataclass(frozen=True)
class Installed:
    """One run of the installation."""

    changed: int
    took_s: float
    output: str


@dataclass(frozen=True)
class Box:
    machine: CleanMachine
    guest: Guest

    def install(self) -> Installed:
        """Run ./install.sh with the answers that lie ready."""
        done = self.machine.must(f"cd {CHECKOUT} && ./install.sh --answers /root/answers.toml")
        counted = RECAP.search(done.output)
        if counted is None:
            raise RehearsalFailed(f"install.sh did not say how many changes it made: {done.output[-2000:]}")
        return Installed(int(counted[1]), done.took_s, done.output)

    def processes(self) -> dict[int, str]:
        """What the appliance's accounts run, by process id, but for what comes and goes by itself."""
        found: dict[int, str] = {}
        for user in PARTS:
            found |= self.machine.processes(user)
        return {pid: line for pid, line in found.items() if "restic" not in line}

    def inside(self, what: str) -> Any:
        """The answer of tests.system.machine.inside, run as the portal's account."""
        done = self.as_portal(f"-m tests.system.machine.inside {what}")
        try:
            return json.loads(done.output.splitlines()[-1])
        except (ValueError, IndexError) as e:
            raise RehearsalFailed(f"inside {what} said: {done.output[-2000:]}") from e

    def as_portal(self, arguments: str) -> Outcome:
        """Run the release's Python with the checkout's tests beside it."""
        environment = f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={CHECKOUT}"
        python = "/opt/wellhouse/current/venv/bin/python"
        return self.machine.must(f"cd / && umask 077 && runuser -u wellhouse -- env {environment} {python} {arguments}")

    def recovery_key(self) -> str:
        """The key, as a person reads it from the printed sheet."""
        sheet = self.machine.must("wellhouse recovery-sheet").output
        groups = KEY_ON_SHEET.findall(sheet)
        if not groups:
            raise RehearsalFailed(f"there is no key on the recovery sheet:\n{sheet}")
        return "\n".join(groups)

    def start(self) -> None:
        """Start the appliance; what it said is in the complaint if it does not."""
        if self.machine.run("systemctl start wellhouse").status != 0:
            said = self.machine.run("journalctl -u wellhouse -n 30 --no-pager -o cat").output
            raise RehearsalFailed(f"the box did not start. It said:\n{said}")

    def await_up(self) -> float:
        """Wait until every part answers; the seconds it took."""
        began = time.monotonic()
        while self.machine.run("systemctl is-active --quiet wellhouse.service").status != 0:
            if time.monotonic() - began > UP_WITHIN_S:
                said = self.machine.run("journalctl -u wellhouse -n 30 --no-pager -o cat").output
                raise RehearsalFailed(f"the box was not back within {UP_WITHIN_S:.0f} s. It said:\n{said}")
            time.sleep(0.5)
        return time.monotonic() - began


def make_ready(disk: Disk, database: str) -> None:
    """Put on the disk what clinic IT brings: the checkout, the answers, and a firewall rule of its own."""
    put_checkout(disk.root / CHECKOUT.removeprefix("/"))
    (disk.root / "root/answers.toml").write_text(answers(database), encoding="utf-8")
    (disk.root / "etc/clinic-own.nft").write_text(THEIR_RULES, encoding="utf-8")


def answers(database: str) -> str:
    """The answers file of a clinic that is reached on its LAN only."""
    return f"""\
hostname = "{NAME}"
email = "it@{NAME}"
certificate = "local"
database = "{database}"
key-protection = "file"
backup = "{BACKUPS}"
smtp = "none"
firewall = "yes"
"""


@contextmanager
def booted(disk: Disk) -> Iterator[Box]:
    """The machine of *disk*, running, with somebody beside it; its power is cut at the end."""
    # The cable is in from the first moment: the parts listen on the addresses that there are when they start.
    with neighbour() as guest, running(disk, systemd=True, at_power_on=guest.plug_in) as machine:
        # The machine's own nft once it has one: an older one crashes beside tables that a newer one loaded.
        own = (disk.root / "usr/sbin/nft").exists()
        nft = ["chroot", str(disk.root), "nft", "--file", "/etc/clinic-own.nft"]
        rules = nft if own else ["nft", "--file", str(disk.root / "etc/clinic-own.nft")]
        subprocess.run(
            ["nsenter", f"--net=/proc/{machine.leader}/ns/net", *rules], check=True, stdin=subprocess.DEVNULL
        )
        yield Box(machine, guest)
