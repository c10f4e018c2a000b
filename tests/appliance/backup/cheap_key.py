"""A repository's key, wrapped anew so that opening it costs a restic nothing.

restic makes a key whose stretching takes the machine half a second, at each of the hundreds of calls that the tests
make. The repository is otherwise as restic made it; those that tests at real targets make keep their own key.
The file's form: https://restic.readthedocs.io/en/stable/100_references.html#keys-encryption-and-mac
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.poly1305 import Poly1305

NONCE_BYTES, MAC_BYTES = 16, 16
CHEAP = 16  # scrypt's N: a power of two


@dataclass(frozen=True)
class Wrapping:
    """What restic derives from a password: AES-256-CTR, then Poly1305-AES over what came of it."""

    encryption: bytes
    mac_k: bytes
    mac_r: bytes

    @classmethod
    def of(cls, password: str, salt: bytes, n: int, r: int, p: int) -> Wrapping:
        made = hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, dklen=64, maxmem=2**28)
        return cls(made[:32], made[32:48], made[48:])

    def wrap(self, content: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        hidden = self._crypt(nonce, content)
        return nonce + hidden + self._mac(nonce, hidden)

    def unwrap(self, wrapped: bytes) -> bytes:
        nonce, hidden, mac = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:-MAC_BYTES], wrapped[-MAC_BYTES:]
        assert self._mac(nonce, hidden) == mac, "another password's key"
        return self._crypt(nonce, hidden)

    def _crypt(self, nonce: bytes, content: bytes) -> bytes:
        return Cipher(AES(self.encryption), CTR(nonce)).encryptor().update(content)

    def _mac(self, nonce: bytes, hidden: bytes) -> bytes:
        added = Cipher(AES(self.mac_k), ECB()).encryptor().update(nonce)  # noqa: S305  # Poly1305-AES is made so
        return Poly1305.generate_tag(self.mac_r + added, hidden)


def make_cheap(repository: Path, password: str) -> None:
    """Replace the one key of *repository*."""
    (old,) = (repository / "keys").iterdir()
    key = json.loads(old.read_bytes())
    salt = base64.b64decode(key["salt"])
    content = Wrapping.of(password, salt, key["N"], key["r"], key["p"]).unwrap(base64.b64decode(key["data"]))
    cheap = Wrapping.of(password, salt, CHEAP, key["r"], 1).wrap(content)
    text = json.dumps(key | {"N": CHEAP, "p": 1, "data": base64.b64encode(cheap).decode()}).encode()
    old.unlink()
    (old.parent / hashlib.sha256(text).hexdigest()).write_bytes(text)
