"""What this machine is, looked at once before the first question. Nothing is changed."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from appliance import ssh
from appliance.asking_programs import ask
from appliance.install import disks, firewalls

_TIME_SERVICES = ("chronyd", "ntpd", "openntpd", "ntpd-rs")
_TPM_VERSION = Path("/sys/class/tpm/tpm0/tpm_version_major")
_TPM_DEVICE = Path("/dev/tpmrm0")


@dataclass(frozen=True)
class Facts:
    """*address* leads to the network, empty without one; *time_service* is what keeps the clock already."""

    address: str
    cores: int
    memory_bytes: int
    systemd: bool
    container: bool
    tpm2: bool
    time_service: str
    ssh_ports: tuple[int, ...]
    firewalls: tuple[firewalls.Firewall, ...]
    loose_rules: tuple[str, ...]
    unused_disks: tuple[disks.Disk, ...]

    @property
    def on_the_internet(self) -> bool:
        """Whether the machine has a public address itself, without a router that translates."""
        return bool(self.address) and ipaddress.ip_address(self.address).is_global


def look() -> Facts:
    """The facts about this machine."""
    container = ask("systemd-detect-virt", "--container", "--quiet")
    keepers = firewalls.managed()
    return Facts(
        address=own_address(),
        cores=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        systemd=Path("/run/systemd/system").is_dir(),
        container=container is not None and container.status == 0,
        tpm2=_TPM_DEVICE.exists() and _TPM_VERSION.is_file() and _TPM_VERSION.read_text().strip() == "2",
        time_service=_time_service(),
        ssh_ports=ssh.of_this_session(),
        firewalls=keepers,
        loose_rules=firewalls.loose_rules(keepers),
        unused_disks=disks.unused(),
    )


def own_address() -> str:
    """The IPv4 address that packets to the Internet leave from; empty if there is no way there. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): only the routing table is asked
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def is_ours(address: str) -> bool:
    """Whether an interface of this machine has *address*."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


def resolved(name: str) -> tuple[str, ...]:
    """Addresses that this machine's resolver has for *name*, IPv4 first; none if it knows none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(
        dict.fromkeys(str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET))
    )


def _time_service() -> str:
    for entry in Path("/proc").glob("[0-9]*/comm"):
        try:
            name = entry.read_text(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if name in _TIME_SERVICES:
            return name
    return ""
