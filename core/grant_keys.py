"""The file of public keys by which the media server judges grants: all that it knows of the portal.

``wellhouse configure`` writes it, rtc reads it. JSON: key id → the 32 bytes of the Ed25519 public key in base64url
without padding. During a rotation it holds the old and the new key.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import Refused


def dump(keys: Mapping[str, Ed25519PublicKey]) -> str:
    """The text of the file, the same for the same keys."""
    table = {
        key_id: base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode() for key_id, key in keys.items()
    }
    return json.dumps(table, indent=1, sort_keys=True) + "\n"


def load(file: Path) -> dict[str, Ed25519PublicKey]:
    """The keys in *file* by id; Refused says what is wrong with it."""
    try:
        table = json.loads(file.read_text(encoding="ascii"))
        return {
            str(key_id): Ed25519PublicKey.from_public_bytes(base64.b64decode(text + "=", altchars=b"-_", validate=True))
            for key_id, text in table.items()
        }
    except FileNotFoundError as e:
        raise Refused(f"There is no {file}. Run “wellhouse configure”, which makes it from the master key.") from e
    except (ValueError, binascii.Error, AttributeError, TypeError) as e:
        raise Refused(f"{file} does not hold public keys. Run “wellhouse configure”, which makes it anew.") from e
