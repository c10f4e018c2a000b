"""What clinic IT decides about its box, once everything has been read and understood."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path


class CertificateKind(enum.StrEnum):
    ACME = "acme"  # issued over the Internet, renewed by itself
    LOCAL = "local"  # by an authority of the box's own, which phones must be told to trust
    OWN = "own"  # the clinic's files


class Engine(enum.StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Protection(enum.StrEnum):
    """Of the master key."""

    TPM2 = "tpm2"
    PASSPHRASE = "passphrase"  # noqa: S105  # a word of the settings
    FILE = "file"


@dataclass(frozen=True)
class Certificate:
    """*chain* and *key* are set for the clinic's own."""

    kind: CertificateKind
    chain: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class Relay:
    """The clinic's SMTP relay. *security* is as mail.security in the settings; *username* may be empty."""

    host: str
    port: int
    security: str
    username: str = ""


@dataclass(frozen=True)
class Secret:
    """What goes into a file of its own with mode 0400, and into nothing else."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Answers:
    """Empty texts mean that there is none. A secret that is None stays as an earlier run left it."""

    hostname: str
    other_names: tuple[str, ...]
    email: str
    certificate: Certificate
    acme_server: str
    public_address: str
    database: Engine
    data_device: str
    protection: Protection
    passphrase: Secret | None
    relay: Relay | None
    smtp_password: Secret | None
    mail_from: str
    backup: tuple[str, ...]
    backup_credentials: Secret | None
    firewall: bool
    ssh_ports: tuple[int, ...]
    time_sync: bool
    updates: bool

    @property
    def turn_name(self) -> str:
        """Name of TURN over TLS, as core.settings derives it."""
        return f"turn.{self.hostname}"
