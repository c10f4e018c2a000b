"""Sealing the master key with a passphrase: argon2id (RFC 9106), then AES-256-GCM over the key."""

from __future__ import annotations

import base64
import binascii
import secrets
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from zxcvbn import zxcvbn

from appliance.keys.envelope import Cost, Envelope, Protection
from core.errors import Invalid, Refused
from webapp.crypto.keyring import Keyring

SIGNS_MIN = 12
BYTES_MAX = 1024
# zxcvbn's best grade: over 10^10 guesses, each of a second and half a gigabyte. A hundred machines need years.
GRADE_MIN = 4
SHOWN_TO_ZXCVBN = 72  # signs; it takes ever longer for long ones, and these are strong by then

# A second or two on a small box, while nothing else of Wellhouse runs. Who guesses on stolen bytes pays it each time.
COST = Cost(memory_kib=512 * 1024, passes=4, lanes=4)
# What a file may ask for: altered, it could otherwise ask for more memory than there is.
COST_MAX = Cost(memory_kib=2 * 1024 * 1024, passes=16, lanes=16)

SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32


class WrongPassphrase(Refused):
    """It is not the one, or the file was altered: the two cannot be told apart."""

    def __init__(self) -> None:
        super().__init__("That passphrase does not open the key. Nothing was changed. Please try again.")


def refuse_weak(passphrase: str, *names: str) -> None:
    """Invalid if *passphrase* is too short, or guessed too soon by somebody who knows *names* of the clinic."""
    if len(passphrase) < SIGNS_MIN:
        raise Invalid(f"A passphrase needs {SIGNS_MIN} signs or more; four or five unrelated words are good.")
    if len(passphrase.encode()) > BYTES_MAX:
        raise Invalid(f"A passphrase may have {BYTES_MAX} bytes at most.")
    if zxcvbn(passphrase[:SHOWN_TO_ZXCVBN], user_inputs=[*names, "wellhouse"])["score"] < GRADE_MIN:
        raise Invalid("That passphrase would soon be guessed. Take four or five unrelated words.")


def seal(keyring: Keyring, passphrase: str, *, made_at: float, cost: Cost = COST) -> Envelope:
    """The master key, opened only by *passphrase*."""
    salt = secrets.token_bytes(SALT_BYTES)
    envelope = Envelope(
        Protection.PASSPHRASE, made_at, keyring.fingerprint(), "", base64.b64encode(salt).decode(), cost
    )
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(_stretch(passphrase, salt, cost))
    sealed = nonce + cipher.encrypt(nonce, bytes.fromhex(keyring.master_digits), envelope.clear_part())
    return Envelope(
        envelope.protection,
        envelope.made_at,
        envelope.fingerprint,
        base64.b64encode(sealed).decode(),
        envelope.salt,
        envelope.cost,
    )


def unseal(envelope: Envelope, passphrase: str) -> Keyring:
    """The keyring inside; WrongPassphrase, or Refused if the file asks for what it cannot have been made with."""
    cost = envelope.cost
    if cost is None or not _bearable(cost):
        raise Refused("The sealed key asks for more memory or time than it was made with: the file was altered.")
    try:
        salt, sealed = base64.b64decode(envelope.salt), base64.b64decode(envelope.sealed)
        cipher = AESGCM(_stretch(passphrase, salt, cost))
        return Keyring(cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], envelope.clear_part()))
    except (InvalidTag, binascii.Error, ValueError) as e:
        raise WrongPassphrase from e


def _bearable(cost: Cost) -> bool:
    return (
        8 * cost.lanes <= cost.memory_kib <= COST_MAX.memory_kib
        and 1 <= cost.passes <= COST_MAX.passes
        and 1 <= cost.lanes <= COST_MAX.lanes
    )


def _stretch(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    # Two keyboards may compose one letter in two ways.
    secret = unicodedata.normalize("NFC", passphrase).encode()
    return hash_secret_raw(secret, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID)
