"""The master key, made once, and the public key file that the media server reads."""

from __future__ import annotations

import secrets
from pathlib import Path

from appliance.configure.files import owner, write
from core import grant_keys
from core.errors import Refused
from core.settings import Settings
from webapp.crypto.keyring import MASTER_BYTES, Keyring


def provide_master_key(settings: Settings) -> bool:
    """Make the master key if the box is new; whether one was made.

    Refused if there is a database and no key: a new key would open nothing, and hide that the old one is missed.
    """
    file = settings.paths.master_key
    if file.exists():
        return False
    existing = [path for path in (settings.paths.database_file, settings.paths.queue_file) if path.exists()]
    if existing:
        raise Refused(f"{existing[0]} exists, but its key {file} is gone. Restore the key from the recovery sheet.")
    content = secrets.token_hex(MASTER_BYTES) + "\n"
    return write(file, content.encode("ascii"), mode=0o400, own=owner(settings.users.portal))


def load_keyring(settings: Settings) -> Keyring:
    """The keyring of this box; Refused says what is wrong with its file."""
    return Keyring.load(settings.paths.master_key)


def write_grant_keys(settings: Settings, keyring: Keyring) -> list[Path]:
    """Write the public half of the key that signs grants; the file, if it changed."""
    key_id, private_key = keyring.grant_key()
    file = settings.paths.grant_keys
    text = grant_keys.dump({key_id: private_key.public_key()})
    changed = write(file, text.encode("ascii"), mode=0o440, own=owner("", group_of=settings.users.portal))
    return [file] if changed else []
