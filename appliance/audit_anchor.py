"""A file beside the settings that remembers the end of the audit record, where the portal's account cannot write.

Root writes it whenever root looks at the record and finds it whole (“wellhouse check”, “wellhouse audit verify”).
"""

from __future__ import annotations

from pathlib import Path

from appliance.configure.files import write
from core.settings import Settings
from webapp.audit.anchor import Anchor, read, sign
from webapp.crypto.keyring import Keyring


def remembered(settings: Settings, keyring: Keyring) -> Anchor | None:
    """What was written last; None if nothing was, or not by this box."""
    file = _file(settings)
    return read(file.read_text(encoding="utf-8", errors="replace"), _key(keyring)) if file.exists() else None


def remember(settings: Settings, keyring: Keyring, end: Anchor) -> None:
    """Write down *end*, which has just been proved together with what was remembered before."""
    if end.sequence:
        write(_file(settings), sign(end, _key(keyring)).encode(), mode=0o644)


def forget(settings: Settings) -> None:
    """After a restore: the record then ends where the backup's does."""
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return Path(settings.paths.etc) / "audit-end.json"


def _key(keyring: Keyring) -> bytes:
    return keyring.hash_key("audit anchor")
