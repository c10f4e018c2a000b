"""A machine as it comes from the distributor, with nothing but git: a fresh tree in a container of its own.

With systemd it is booted; without, it is what a container is: a process that waits. Its network is a private one that
reaches the package archives through slirp4netns. Needs root, mmdebstrap, systemd-container and slirp4netns.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOSTNAME = "rehearsal"
RESOLVER = "10.0.2.3"  # slirp4netns's own
AUTHORITY = Path("/usr/local/share/rehearsal-authority.pem")
# Where this machine's network has an authority or a package index of its own, the clean one needs the same.
AUTHORITY_NAMES = ("PIP_CERT", "SSL_CERT_FILE")
PASSED_ON = ("PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "http_proxy", "https_proxy", "no_proxy")
STARTS_WITHIN_S = 90


class RehearsalFailed(Exception):
    """What did not happen as it must, as a sentence."""


@dataclass(frozen=True)
class System:
    """A distribution's release: *sources* are its lines for apt."""

    name: str
    suite: str
    sources: tuple[str, ...]


def _debian(name: str, suite: str) -> System:
    archive, security = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
    return System(
        name,
        suite,
        (
            f"deb {archive} {suite} main",
            f"deb {archive} {suite}-updates main",
            f"deb {security} {suite}-security main",
        ),
    )


def _ubuntu(name: str, suite: str) -> System:
    keyring = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
    # Debian 12 has no package of Ubuntu's keys; a scratch machine may do without.
    trust = f"signed-by={keyring}" if keyring.exists() else "trusted=yes"
    archive = "http://archive.ubuntu.com/ubuntu"
    return System(name, suite, tuple(f"deb [{trust}] {archive} {s} main universe" for s in (suite, f"{suite}-updates")))


SYSTEMS = {
    system.name: system
    for system in (_debian("debian-12", "bookworm"), _debian("debian-13", "trixie"), _ubuntu("ubuntu-24.04", "noble"))
}


def base_tree(system: System, roots: Path, *, systemd: bool) -> Path:
    """The untouched tree of *system* under *roots*; made by mmdebstrap at the first call."""
    packages = "git,systemd-sysv,dbus,passwd,sudo" if systemd else "git"
    return kept_tree(system, roots / f"{system.name}-{'systemd' if systemd else 'plain'}", packages)


def kept_tree(system: System, tree: Path, packages: str) -> Path:
    """*tree*, with *system* and *packages* (with commas between) on it; made by mmdebstrap at the first call."""
    if tree.exists():
        return tree
    partial = tree.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    tree.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=apt", f"--include={packages}", system.suite, str(partial), "-"],
        input="\n".join(system.sources),
        text=True,
        stderr=subprocess.PIPE,
    )
    if done.returncode != 0:
        raise RehearsalFailed(f"mmdebstrap could not make {system.name}: {done.stderr[-2000:]}")
    partial.rename(tree)
    return tree


@dataclass(frozen=True)
class Outcome:
    """What a command in the machine said, and how long it took."""

    status: int
    output: str
    took_s: float


@dataclass(frozen=True)
class CleanMachine:
    """A running one. *leader* is the id, out here, of its first process."""

    leader: int
    environment: dict[str, str]

    def run(self, command: str, *, user: str = "root", show: bool = False, timeout_s: float = 1800) -> Outcome:
        """Run a shell command in the machine as *user*, with no terminal; its output is shown as it comes if asked."""
        began = time.monotonic()
        lines: list[str] = []
        with self.start(command, user=user) as process:
            assert process.stdout is not None  # a pipe was asked for
            for line in process.stdout:
                lines.append(line)
                if show:
                    sys.stdout.write(f"      | {line}")
                    sys.stdout.flush()
            status = process.wait(timeout=timeout_s)
        return Outcome(status, "".join(lines), time.monotonic() - began)

    def start(self, command: str, *, user: str = "root") -> subprocess.Popen[str]:
        """As :meth:`run`, without waiting for its end; what it prints waits in its stdout."""
        home = "/root" if user == "root" else f"/home/{user}"
        given = {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8", **self.environment}
        arguments = ["nsenter", "--target", str(self.leader), "--all", "env", "-i"]
        arguments += [f"{name}={value}" for name, value in given.items()]
        arguments += ["runuser", "-u", user, "--", "bash", "-c", command]
        return subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def must(self, command: str, *, user: str = "root", show: bool = False) -> Outcome:
        """As :meth:`run`; RehearsalFailed with the last of its output if the command fails."""
        outcome = self.run(command, user=user, show=show)
        if outcome.status != 0:
            raise RehearsalFailed(f"`{command}` ended with {outcome.status}:\n{outcome.output[-3000:]}")
        return outcome

    def processes(self, user: str) -> dict[int, str]:
        """Command lines of what *user* runs in there, by process id out here."""
        uid = int(self.must(f"id --user {user}").output)
        inside = (Path(f"/proc/{self.leader}/ns/pid")).readlink()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if entry.stat().st_uid == uid and (entry / "ns/pid").readlink() == inside:
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
        return found


@dataclass(frozen=True)
class Disk:
    """A machine's tree at *root*, and the environment that commands on it need to reach the package archives."""

    root: Path
    environment: dict[str, str]


@contextmanager
def clean_disk(base: Path, root: Path) -> Iterator[Disk]:
    """A copy of *base* at *root*, gone afterwards."""
    subprocess.run(["cp", "--archive", "--reflink=auto", str(base), str(root)], check=True)
    try:
        yield Disk(root, _prepare(root))
    finally:
        shutil.rmtree(root)


@contextmanager
def running(
    disk: Disk, *, systemd: bool, at_power_on: Callable[[int], None] = lambda _leader: None
) -> Iterator[CleanMachine]:
    """A machine that runs from *disk*, ended hard afterwards, as by a power cut.

    *at_power_on* gets its first process's id before that has started anything that matters.
    """
    console = disk.root.with_suffix(".console")
    options = ["--quiet", f"--directory={disk.root}", f"--machine=rehearsal-{os.getpid()}", "--private-network"]
    # Without a bus of its own to tell, nspawn must not register. The zone is not bound in, or tzdata cannot be set up.
    options += [
        f"--hostname={HOSTNAME}",
        "--register=no",
        "--keep-unit",
        "--link-journal=no",
        "--timezone=off",
        "--resolv-conf=off",
    ]
    what = ["--boot"] if systemd else ["--as-pid2", "sleep", "infinity"]
    with console.open("wb") as out:
        nspawn = subprocess.Popen(
            ["systemd-nspawn", *options, *what],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    network = None
    leader = 0
    try:
        leader = _leader_of(nspawn, console)
        at_power_on(leader)
        network = subprocess.Popen(
            ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", str(leader), "tap0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        machine = CleanMachine(leader, disk.environment)
        _await_start(machine, systemd=systemd)
        yield machine
    finally:
        if network is not None:
            network.terminate()
            network.wait()
        if leader:
            os.kill(leader, signal.SIGKILL)  # the kernel ends everything else in there with it
        else:
            nspawn.terminate()
        nspawn.wait()
        console.unlink()


def _prepare(root: Path) -> dict[str, str]:
    """Give the tree its way out to the network; the environment that its commands need for the same."""
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.write_text(f"nameserver {RESOLVER}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n")
    services = root / "etc/systemd/system"
    services.mkdir(parents=True, exist_ok=True)
    for name in ("systemd-networkd.service", "systemd-resolved.service", "systemd-networkd.socket"):
        mask = services / name
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")  # slirp4netns sets the interface up from outside
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    authority = next((os.environ[name] for name in AUTHORITY_NAMES if name in os.environ), None)
    if authority is not None:
        shutil.copyfile(authority, root / AUTHORITY.relative_to("/"))
        environment.update(dict.fromkeys(AUTHORITY_NAMES, str(AUTHORITY)))
    return environment


def _leader_of(nspawn: subprocess.Popen[bytes], console: Path) -> int:
    children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and nspawn.poll() is None:
        found = children.read_text().split()
        if found:
            return int(found[0])
        time.sleep(0.1)
    raise RehearsalFailed(f"systemd-nspawn did not start the machine: {console.read_text(errors='replace')[-2000:]}")


def _await_start(machine: CleanMachine, *, systemd: bool) -> None:
    ready = "grep -q 00000000 /proc/net/route"  # the default route, which slirp4netns adds last
    if systemd:
        ready += " && systemctl is-system-running --quiet"
    deadline = time.monotonic() + STARTS_WITHIN_S
    while machine.run(ready).status != 0:
        if time.monotonic() > deadline:
            state = machine.run("systemctl --failed --no-pager").output
            raise RehearsalFailed(f"the machine did not come up within {STARTS_WITHIN_S} s: {state}")
        time.sleep(0.5)
