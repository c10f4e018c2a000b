"""The keyring of the box that is configured, and the public key file that the media server reads."""

from __future__ import annotations

from pathlib import Path

from appliance.configure.files import owner, write
from core import grant_keys
from core.settings import Settings
from webapp.crypto.keyring import Keyring


def load_keyring(settings: Settings) -> Keyring:
    """The keyring of this box; Refused says what is wrong with its file, Locked that nobody has opened it."""
    return Keyring.of(settings.paths)


def write_grant_keys(settings: Settings, keyring: Keyring) -> list[Path]:
    """Write the public half of the key that signs grants; the file, if it changed."""
    key_id, private_key = keyring.grant_key()
    file = settings.paths.grant_keys
    text = grant_keys.dump({key_id: private_key.public_key()})
    changed = write(file, text.encode("ascii"), mode=0o440, own=owner("", group_of=settings.users.portal))
    return [file] if changed else []
