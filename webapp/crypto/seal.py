"""Sealing: authenticated encryption of one value, bound to the place it belongs to.

Layout: version (1 byte) | key id (2 bytes, big-endian) | nonce (12) | AES-256-GCM ciphertext and tag (16).
The place, as ``table.column``, is associated data: a sealed value moved to another column does not open.
"""

from __future__ import annotations

import os
import struct

from cryptography.exceptions import InvalidTag

from core.errors import WellhouseError
from webapp.crypto.keyring import CURRENT_SEAL_KEY, Keyring

VERSION = 1
NONCE_BYTES = 12  # random; 2**32 values per key stay far below the birthday bound (NIST SP 800-38D, 8.3)
_HEADER = struct.Struct(">BH")


class SealBroken(WellhouseError):
    """A sealed value was altered, moved, or sealed with another box's key."""


def seal(keyring: Keyring, plain: bytes, *, place: str) -> bytes:
    """*plain* sealed for *place*."""
    header = _HEADER.pack(VERSION, CURRENT_SEAL_KEY)
    nonce = os.urandom(NONCE_BYTES)
    return header + nonce + keyring.seal_cipher(CURRENT_SEAL_KEY).encrypt(nonce, plain, header + place.encode())


def unseal(keyring: Keyring, sealed: bytes, *, place: str) -> bytes:
    """What was sealed for *place*; SealBroken if this is not it."""
    header, rest = sealed[: _HEADER.size], sealed[_HEADER.size :]
    if len(rest) < NONCE_BYTES + 16:
        raise SealBroken(f"A sealed value in {place} is cut short. Run “wellhouse check” and restore from a backup.")
    version, key_id = _HEADER.unpack(header)
    if version != VERSION:
        raise SealBroken(f"A sealed value in {place} has the unknown version {version}.")
    try:
        return keyring.seal_cipher(key_id).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], header + place.encode())
    except InvalidTag as e:
        raise SealBroken(f"A sealed value in {place} was altered. Run “wellhouse check” and restore it.") from e
