"""A neighbour of the machine on its LAN: a network namespace with a cable to it, from which browsers and probes come.

What reaches the machine from here passes its firewall, as anybody's would.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Of the block for documentation (RFC 5737), so that nothing else can be meant.
MACHINE_ADDRESS, GUEST_ADDRESS, PREFIX = "192.0.2.1", "192.0.2.2", 24
MACHINE_INTERFACE, GUEST_INTERFACE = "lan0", "guest0"


@dataclass(frozen=True)
class Guest:
    """*holder* is a process that does nothing but keep the namespace."""

    holder: int

    def arguments(self, *command: str) -> list[str]:
        """*command* as it runs at the guest's: this machine's files and programs, the guest's network."""
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net", *command]

    def plug_in(self, machine_leader: int) -> None:
        """Put the other end of the cable into the machine whose first process *machine_leader* is."""
        self.ip("link", "set", MACHINE_INTERFACE, "netns", str(machine_leader))
        _give_address(machine_leader, MACHINE_INTERFACE, MACHINE_ADDRESS)

    def ip(self, *words: str) -> None:
        """Run ip(8) there."""
        subprocess.run(self.arguments("ip", *words), check=True, stdin=subprocess.DEVNULL)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run *command* to its end there."""
        return subprocess.run(
            self.arguments(*command),
            capture_output=True,
            text=True,
            errors="replace",  # TLS in the middle of openssl's words
            stdin=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def neighbour() -> Iterator[Guest]:
    """Somebody with a cable in their hand; it is gone afterwards."""
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
    try:
        _await_own_network(holder.pid)
        guest = Guest(holder.pid)
        guest.ip("link", "add", GUEST_INTERFACE, "type", "veth", "peer", "name", MACHINE_INTERFACE)
        guest.ip("link", "set", "lo", "up")
        _give_address(holder.pid, GUEST_INTERFACE, GUEST_ADDRESS)
        yield guest
    finally:
        holder.kill()  # its namespace, and with it the cable, ends
        holder.wait()


def _give_address(pid: int, interface: str, address: str) -> None:
    there = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip"]
    for words in (["address", "add", f"{address}/{PREFIX}", "dev", interface], ["link", "set", interface, "up"]):
        subprocess.run([*there, *words], check=True, stdin=subprocess.DEVNULL)


def _await_own_network(pid: int) -> None:
    ours = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{pid}/ns/net").readlink() == ours:
        os.sched_yield()
