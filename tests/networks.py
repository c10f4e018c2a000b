"""Networks of their own for tests, joined by cables: nothing of them is left behind, however a test ends.

A network lives as long as the process that holds it, and the kernel ends that process with ours.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CLONE_NEWNET = 0x40000000  # sched.h
_libc = ctypes.CDLL(None, use_errno=True)


def _can_be_made() -> bool:
    """Making networks takes root, the package nftables, and a kernel that lets us."""
    if os.geteuid() != 0 or shutil.which("nft", path="/usr/sbin:/sbin") is None:
        return False
    asked = ["unshare", "--net", "--mount", "nft", "list", "ruleset"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


NEEDS_NETWORKS = pytest.mark.skipif(not _can_be_made(), reason="needs root, nftables and a kernel that lets us")


@dataclass(frozen=True)
class Network:
    """A network of its own, with a loopback interface that is up."""

    pid: int

    def run(self, *command: str | Path, given: str | None = None) -> str:
        """What *command* says when it runs here; CalledProcessError if it fails."""
        return subprocess.run(
            self.command(*command), input=given, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    def command(self, *command: str | Path) -> list[str]:
        """How to run *command* here: with this network and this network's own /etc/resolv.conf."""
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", f"--wd={Path.cwd()}", "--", *map(str, command)]

    def start(self, *command: str | Path, **more: Any) -> subprocess.Popen[Any]:
        return subprocess.Popen(self.command(*command), **more)

    def ip(self, words: str) -> None:
        self.run("ip", *words.split())

    def nft(self, rules: str) -> None:
        self.run("nft", "-f", "-", given=rules)

    def forward(self) -> None:
        """Hand on what is for others, as a router does."""
        self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def resolve_by(self, server: str) -> None:
        """Have names be asked of *server*; in this network only."""
        script = 'f=$(mktemp) && echo "nameserver $0" > "$f" && mount --bind "$f" /etc/resolv.conf && rm "$f"'
        self.run("sh", "-c", script, server)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread makes meanwhile belong to this network, and stay in it."""
        with (
            Path(f"/proc/self/task/{threading.get_native_id()}/ns/net").open() as back,
            Path(f"/proc/{self.pid}/ns/net").open() as here,
        ):
            _enter(here.fileno())
            try:
                yield
            finally:
                _enter(back.fileno())


@contextmanager
def networks(number: int) -> Iterator[Sequence[Network]]:
    """So many networks, unconnected."""
    with ExitStack() as stack:
        yield [stack.enter_context(_network()) for _ in range(number)]


def cable(one: Network, one_name: str, other: Network, other_name: str) -> None:
    """An interface in each, at both ends of one cable; both are up."""
    one.ip(f"link add {one_name} type veth peer name {other_name} netns {other.pid}")
    one.ip(f"link set {one_name} up")
    other.ip(f"link set {other_name} up")


@contextmanager
def _network() -> Iterator[Network]:
    holder = subprocess.Popen(
        ["setpriv", "--pdeathsig=KILL", "unshare", "--net", "--mount", "--propagation=private", "sleep", "infinity"]
    )
    try:
        _wait_until_apart(holder)
        network = Network(holder.pid)
        network.ip("link set lo up")
        yield network
    finally:
        holder.kill()
        holder.wait()


def _wait_until_apart(holder: subprocess.Popen[bytes]) -> None:
    """Until the holder sleeps in a network of its own."""
    deadline = time.monotonic() + 10
    while Path(f"/proc/{holder.pid}/comm").read_text().strip() != "sleep":
        assert holder.poll() is None, "the kernel gave no network"
        assert time.monotonic() < deadline, "no network within ten seconds"
        time.sleep(0.005)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
