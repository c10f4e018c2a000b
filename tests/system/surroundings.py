"""What a clinic's box may find around it: where its certificate comes from, and a firewall that is there already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from tests.appliance.certificates import made, pebble
from tests.system.clean_machine import CleanMachine, Disk, RehearsalFailed
from tests.system.machine.guest import GUEST_ADDRESS, MACHINE_ADDRESS, Guest

AUTHORITY_NAME = "acme.clinic.example"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq"
_SERIAL = re.compile(r"serial=(\w+)")


@dataclass(frozen=True)
class Clinic:
    """A machine in its network: *guest* is its neighbour, *folder* a place out here, *names* what it answers to."""

    machine: CleanMachine
    disk: Disk
    guest: Guest
    folder: Path
    names: tuple[str, ...]

    def write(self, place: str, content: bytes) -> None:
        """Put a file on the machine's disk."""
        file = self.disk.root / place.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def reaches(self, port: int) -> bool:
        """Whether the neighbour gets a TCP connection."""
        return self.guest.run("timeout", "3", "bash", "-c", f": </dev/tcp/{MACHINE_ADDRESS}/{port}").returncode == 0

    def trusted_serial(self, root: Path, name: str) -> str:
        """The serial number of what *name* shows to a neighbour who trusts *root* alone; empty if it is not trusted."""
        asked = f"-connect {MACHINE_ADDRESS}:443 -servername {name} -verify_hostname {name} -verify_return_error"
        greet = f"echo | timeout 10 openssl s_client -CAfile {root} -no-CApath {asked} 2>&1"
        said = self.guest.run("sh", "-c", f"{greet} | tee /dev/stderr | openssl x509 -noout -serial")
        found = _SERIAL.search(said.stdout)
        return found[1] if found and "Verify return code: 0 (ok)" in said.stderr else ""


@dataclass(frozen=True)
class Source:
    """Where the certificate comes from. *options* are install.sh's; *root* is what those trust who come."""

    options: str
    root: Path
    renew: Callable[[], None]


@contextmanager
def _local(clinic: Clinic) -> Iterator[Source]:
    authority = clinic.disk.root / "etc/wellhouse/certificates/authority.pem"

    def renew() -> None:
        clinic.machine.must("rm /etc/wellhouse/certificates/chain.pem && wellhouse configure")

    yield Source("--certificate local", authority, renew)


@contextmanager
def _acme(clinic: Clinic) -> Iterator[Source]:
    """An authority on the network, which the machine trusts as it does those of the Internet."""
    at_guests = clinic.guest.arguments()
    with pebble.running(clinic.folder, 80, where=at_guests, name=AUTHORITY_NAME, site=MACHINE_ADDRESS) as authority:
        clinic.write("/usr/local/share/ca-certificates/clinic.crt", authority.root.read_bytes())
        hosts = f"{GUEST_ADDRESS} {AUTHORITY_NAME}\n{MACHINE_ADDRESS} {' '.join(clinic.names)}\n"
        clinic.write("/etc/hosts", (clinic.disk.root / "etc/hosts").read_bytes() + hosts.encode())
        clinic.machine.must(f"{APT} install -y ca-certificates >/dev/null && update-ca-certificates")
        root = clinic.folder / "issuer.pem"
        root.write_text(clinic.guest.run("curl", "--silent", "--insecure", authority.issuer).stdout)

        def renew() -> None:
            # As the keeper does it, which is not in the rehearsal's own environment.
            clinic.machine.must("env --unset=SSL_CERT_FILE wellhouse certificates renew")

        yield Source(f"--certificate acme --acme-server {authority.directory} --public-address none", root, renew)


@contextmanager
def _own(clinic: Clinic) -> Iterator[Source]:
    """An authority that sends files, which are removed once they were taken up."""
    root = made.root()
    signer = made.below(root)
    file = clinic.folder / "root.pem"
    file.write_bytes(root.pem)

    def issue(folder: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = made.leaf(signer, key, clinic.names, starts_at=datetime.now(UTC) - timedelta(days=1))
        clinic.write(f"{folder}/chain.pem", leaf + signer.pem)
        clinic.write(f"{folder}/key.pem", made.key_pem(key))

    def renew() -> None:
        issue("/root/second")
        clinic.machine.must("wellhouse certificates use /root/second/chain.pem /root/second/key.pem")
        clinic.machine.must("rm -r /root/first /root/second")

    issue("/root/first")
    yield Source("--certificate /root/first/chain.pem,/root/first/key.pem --public-address none", file, renew)


CERTIFICATES: dict[str, Callable[[Clinic], AbstractContextManager[Source]]] = {
    "local": _local,
    "acme": _acme,
    "own": _own,
}


@dataclass(frozen=True)
class OtherFirewall:
    """One that keeps the machine before Wellhouse comes: *rules* shows what it holds."""

    switch_on: str
    rules: str


OTHERS = {
    "ufw": OtherFirewall(
        "ufw allow from 192.0.2.0/24 to any port 22 proto tcp && ufw --force enable",
        "ufw status verbose; cat /etc/ufw/*.rules; iptables-save | sed '/^#/d;s/ *\\[[0-9:]*\\]//'; "
        "ip6tables-save | sed '/^#/d;s/ *\\[[0-9:]*\\]//'",
    ),
    "firewalld": OtherFirewall(
        "systemctl enable --now firewalld",
        "firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones; "
        "nft --stateless list table inet firewalld",
    ),
}


@dataclass(frozen=True)
class Beside:
    """The machine with another firewall at work, and SSH open; nothing else is."""

    clinic: Clinic
    name: str
    other: OtherFirewall

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever is done inside leaves its rules as they are."""
        before = self.clinic.machine.must(self.other.rules).output
        yield
        after = self.clinic.machine.must(self.other.rules).output
        if after != before:
            raise RehearsalFailed(f"its rules were changed:\n{before}\n---\n{after}")

    def commands(self, page: str) -> list[str]:
        """What the page at the end tells the machine's owner to type."""
        told = page.partition(f"{self.name} is this machine's firewall, and was left as it was.")[2]
        return [line.strip() for line in told.split("\n\n")[1].splitlines()] if told else []


def beside(clinic: Clinic, name: str) -> Beside:
    """The firewall *name*, and SSH, installed and switched on as their owner would have done."""
    # firewalld wants /etc/protocols, which every installed system has; we look at its rules with nft.
    packages = f"netbase nftables openssh-server {name}"
    clinic.machine.must(f"{APT} update && {APT} install -y --no-install-recommends {packages} >/dev/null")
    clinic.machine.must(OTHERS[name].switch_on)
    return Beside(clinic, name, OTHERS[name])
