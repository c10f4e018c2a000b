"""Every key of the box, derived from one master key by HKDF-SHA256 (RFC 5869).

The master key is 64 hexadecimal characters in a file that only its owner may read: on disk, or in memory where it is
sealed on disk (appliance/keys). Nothing derived is kept on disk but what another process must have: the TURN secret
(coturn's configuration) and the grants' public key (rtc).
"""

from __future__ import annotations

import base64
import stat
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Refused
from core.settings import Paths

MASTER_BYTES = 32
CURRENT_SEAL_KEY = 1  # goes up by one at each rotation; older ones still open what they sealed


class Locked(Refused):
    """The master key is sealed, and nobody has opened it since the machine started."""

    def __init__(self) -> None:
        super().__init__("The box is locked: nothing opens until somebody runs “sudo wellhouse unlock”.")


class Keyring:
    """Hands out keys by purpose; two purposes never share one."""

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_BYTES:
            raise Refused(f"The master key must have {MASTER_BYTES} bytes, not {len(master)}.")
        self._master = master
        self._derived = cache(self._derive)
        self._seal_cipher = cache(self._make_seal_cipher)

    @classmethod
    def of(cls, paths: Paths) -> Keyring:
        """The keyring of the box with these paths; Locked, or Refused as :meth:`load`. Every process comes this way."""
        if paths.sealed_master_key.exists() and not paths.opened_master_key.exists():
            raise Locked
        return cls.load(paths.master_key)

    @classmethod
    def load(cls, file: Path) -> Keyring:
        """The keyring of the master key in *file*; Refused if it is absent, open to others or not a key."""
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
            text = file.read_text(encoding="ascii").strip()
        except FileNotFoundError as e:
            raise Refused(f"There is no master key {file}. Restore it from the recovery sheet.") from e
        except UnicodeDecodeError as e:
            raise Refused(f"{file} is not a master key: it must hold 64 hexadecimal characters.") from e
        if mode & 0o077:
            raise Refused(f"{file} can be read by others (mode {mode:04o}). Run: chmod 0400 {file}")
        try:
            master = bytes.fromhex(text)
        except ValueError:
            master = b""
        if len(master) != MASTER_BYTES:
            raise Refused(f"{file} is not a master key: it must hold 64 hexadecimal characters.")
        return cls(master)

    @property
    def master_digits(self) -> str:
        """The master key itself in 64 hexadecimal digits: for the recovery sheet, and for sealing it."""
        return self._master.hex()

    def fingerprint(self) -> str:
        """A name for the master key that gives nothing of it away: 16 digits, as on the recovery sheet."""
        return self._derived("fingerprint")[:8].hex()

    def volume_key(self) -> bytes:
        """Opens the encrypted volume of the data (LUKS)."""
        return self._derived("data volume")

    def database_key(self) -> str:
        """SQLCipher's raw key, as ``x'…'`` (no key stretching: it is random already)."""
        return f"x'{self._derived('database').hex()}'"

    def queue_key(self) -> str:
        """The same for the job queue's own file."""
        return f"x'{self._derived('queue').hex()}'"

    def audit_key(self) -> bytes:
        """Key of the audit chain's HMAC."""
        return self._derived("audit chain")

    def forms_key(self) -> bytes:
        """Key that signs the form cookie (CSRF)."""
        return self._derived("forms")

    def hash_key(self, purpose: str) -> bytes:
        """Key for keyed hashes of *purpose*, as throttling by address without keeping addresses."""
        return self._derived(f"hash {purpose}")

    def seal_cipher(self, key_id: int) -> AESGCM:
        """AES-256-GCM with the sealing key *key_id*."""
        return self._seal_cipher(key_id)

    def backup_password(self) -> str:
        """The password of the restic repositories: whoever holds the recovery sheet can open them anywhere."""
        return base64.urlsafe_b64encode(self._derived("backup")).decode()

    def grant_key(self) -> tuple[str, Ed25519PrivateKey]:
        """Key id and private key that sign entries to rooms."""
        seed = self._derived("grants")
        key = Ed25519PrivateKey.from_private_bytes(seed)
        key_id = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()[:9]).decode()
        return key_id, key

    def authority_key(self, names: str) -> EllipticCurvePrivateKey:
        """P-256 key of the box's own certificate authority for *names*; other names, another key.

        The derived number is 64 bits longer than the curve's order, so that the remainder is even (FIPS 186-5, A.2.1).
        """
        number = int.from_bytes(self._derive(f"certificate authority {names}", length=40))
        return derive_private_key(number % (SECP256R1.group_order - 1) + 1, SECP256R1())

    def _derive(self, purpose: str, *, length: int = 32) -> bytes:
        info = f"wellhouse 1 {purpose}".encode()
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(self._master)

    def _make_seal_cipher(self, key_id: int) -> AESGCM:
        return AESGCM(self._derived(f"seal {key_id}"))
