"""What one backup set holds, written beside it and signed, so that a set proves itself before it is trusted.

Every data path of the box is listed in DATA: it is copied, or it says why not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.errors import Refused
from webapp.audit.anchor import Anchor
from webapp.crypto.keyring import Keyring

FILE = "manifest.json"
FORMAT = 2

_UNREADABLE = "This backup set has no readable manifest, so nothing in it can be trusted."


@dataclass(frozen=True)
class DataPath:
    """Something under paths.data (or beside it). *why_not* is empty if it is copied."""

    name: str
    why_not: str = ""


DATA = (
    DataPath("wellhouse.db"),
    DataPath("documents"),
    DataPath("rtc/events.jsonl"),
    DataPath("wellhouse.db-wal", "empty at the moment of the copy: it was written back into the database"),
    DataPath("wellhouse.db-shm", "made anew by whoever opens the database"),
    DataPath("queue.db", "the worker's ticker; what must not be lost is in the database"),
    DataPath("queue.db-wal", "belongs to queue.db"),
    DataPath("queue.db-shm", "belongs to queue.db"),
    DataPath("postgresql", "PostgreSQL's own files; what is in them is copied by pg_dump"),
    DataPath("backup", "the backups' own workplace"),
    DataPath(".restore", "where a restore fetches a set and proves it"),
    DataPath("before-restore-*", "what a restore replaced, until clinic IT removes it"),
    DataPath("keys/master.key", "never in a backup: it is on the recovery sheet"),
    DataPath("keys/master.sealed", "opens on this machine, or with a passphrase, alone: the recovery sheet opens any"),
)


class _Format(msgspec.Struct, frozen=True):
    format: int


class Manifest(msgspec.Struct, frozen=True):
    """*number* grows by one with each set of a box; *made_at* is Unix seconds; *files* map paths to SHA-256.

    *audit* is the last row of the audit record in the set, so that an end that was cut off later is noticed.
    """

    format: int
    number: int
    made_at: float
    version: str
    engine: str
    files: dict[str, str]
    rows: dict[str, int]
    audit: Anchor


def write(folder: Path, manifest: Manifest, keyring: Keyring) -> None:
    """Put *manifest* and its signature into *folder*."""
    body = msgspec.json.encode(manifest, order="deterministic").decode()
    (folder / FILE).write_text(json.dumps({"manifest": body, "mac": _mac(body, keyring)}) + "\n", encoding="utf-8")


def read(folder: Path, keyring: Keyring) -> Manifest:
    """The manifest of the set in *folder*; Refused if it is absent, altered, or another box's."""
    try:
        return read_signed((folder / FILE).read_text(encoding="utf-8"), keyring)
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(_UNREADABLE) from e


def read_signed(text: str, keyring: Keyring) -> Manifest:
    """The manifest in the file's *text*; Refused if it is altered, or another box's."""
    try:
        signed = json.loads(text)
        body, mac = signed["manifest"], signed["mac"]
    except (ValueError, KeyError, TypeError) as e:
        raise Refused(_UNREADABLE) from e
    if not isinstance(body, str) or not hmac.compare_digest(_mac(body, keyring), str(mac)):
        raise Refused("This backup set was altered, or belongs to another box than this recovery key.")
    if (found := msgspec.json.decode(body, type=_Format).format) != FORMAT:
        raise Refused(f"This backup set has the format {found}; install the version that made it.")
    return msgspec.json.decode(body, type=Manifest)


def digest(file: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with file.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 for every file under *folder* but the manifest. Refused for links, pipes and devices."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind, name = path.lstat().st_mode, str(path.relative_to(folder))
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            # A link would be read here, and later written through, as root.
            raise Refused(f"This backup set holds {name}, which is neither a file nor a folder.")
        if stat.S_ISREG(kind) and path != folder / FILE:
            found[name] = digest(path)
    return found


def _mac(body: str, keyring: Keyring) -> str:
    return hmac.new(keyring.hash_key("backup manifest"), body.encode(), hashlib.sha256).hexdigest()
