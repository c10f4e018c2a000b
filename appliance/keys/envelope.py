"""The file that a sealed master key lies in, and what it says of itself in clear.

Whoever has the disk may read and change this file: nothing in it opens the key, and a change is noticed on opening.
"""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec

from appliance.configure.files import Owner, write
from core.errors import Refused

FORMAT = 1


class Protection(enum.StrEnum):
    """The words of the setting keys.protection."""

    TPM2 = "tpm2"
    PASSPHRASE = "passphrase"  # noqa: S105  # a word of the settings, no secret
    FILE = "file"


class Cost(msgspec.Struct, frozen=True):
    """What one try of a passphrase costs: argon2id (RFC 9106)."""

    memory_kib: int
    passes: int
    lanes: int


class Envelope(msgspec.Struct, frozen=True):
    """*sealed* is base64, made as *protection* says; *made_at* is Unix seconds; *fingerprint* names the key inside."""

    protection: Protection
    made_at: float
    fingerprint: str
    sealed: str
    salt: str = ""
    cost: Cost | None = None
    format: int = FORMAT

    def clear_part(self) -> bytes:
        """All but the sealed key itself, always in the same bytes: what a passphrase also vouches for."""
        return msgspec.json.encode(msgspec.structs.replace(self, sealed=""), order="deterministic")


def read(file: Path) -> Envelope:
    """The envelope in *file*; Refused if it cannot be one."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Envelope)
    except msgspec.DecodeError as e:
        raise Refused(f"{file} is damaged. Open the box from the recovery sheet: {FROM_SHEET}") from e
    if found.format != FORMAT or found.protection is Protection.FILE:
        raise Refused(f"{file} has a form that this version does not know. Install the version that made it.")
    return found


def put(file: Path, envelope: Envelope) -> None:
    """Write *envelope* whole or not at all, for root's eyes only."""
    write(file, msgspec.json.format(msgspec.json.encode(envelope)) + b"\n", mode=0o400, own=Owner())


FROM_SHEET = "“sudo wellhouse unlock --recovery-key”."
