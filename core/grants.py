"""The permission to enter one room once, signed by the portal and checked by the media server.

A grant is ``<payload>.<signature>``, both base64url without padding. The payload is JSON; the signature is Ed25519
(RFC 8032) over ``CONTEXT`` + the payload's characters. There is one algorithm, so the grant does not name one.
"""

from __future__ import annotations

import base64
import binascii
import enum
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import Refused

CONTEXT = b"wellhouse grant 1\n"  # a signature made for anything else can never pass for a grant
LIFETIME_S = 60  # from signing to connecting; a call itself has no such limit
MAX_CHARACTERS = 2048
CLOCK_SKEW_S = 5  # portal and rtc share a machine; this only covers rounding and a stepping clock


class Kind(enum.StrEnum):
    ROOM = "room"


class Right(enum.StrEnum):
    """What a participant may do in the room."""

    PUBLISH = "publish"  # send microphone, camera, screen
    SUBSCRIBE = "subscribe"  # receive the others


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times are Unix seconds. *id* is used once; *leg* is the sign-in session it was made for, hashed."""

    id: str
    kind: Kind
    key: str
    room: str
    participant: str
    leg: str
    rights: tuple[Right, ...]
    issued_at: int
    expires_at: int


class GrantRefused(Refused):
    """*reason* is a stable id for the protocol: malformed, signature, expired."""

    def __init__(self, reason: str) -> None:
        super().__init__("This entry to the visit is no longer valid. Open the visit again from your appointments.")
        self.reason = reason


def sign(grant: Grant, key: Ed25519PrivateKey) -> str:
    """The grant as a string to hand to the browser."""
    payload = _encode(msgspec.json.encode(grant))
    return f"{payload.decode()}.{_encode(key.sign(CONTEXT + payload)).decode()}"


def verify(text: str, keys: Mapping[str, Ed25519PublicKey], *, at: float) -> Grant:
    """The grant in *text* if a known key signed it and *at* (Unix seconds) lies in its life; else GrantRefused.

    Single use is the caller's to keep: see ``rtc.rooms``.
    """
    if len(text) > MAX_CHARACTERS or text.count(".") != 1:
        raise GrantRefused("malformed")
    payload, signature = text.encode("ascii", "replace").split(b".")
    try:
        grant = msgspec.json.decode(_decode(payload), type=Grant)
        raw_signature = _decode(signature)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as e:
        raise GrantRefused("malformed") from e
    key = keys.get(grant.key)
    if key is None:
        raise GrantRefused("signature")
    try:
        key.verify(raw_signature, CONTEXT + payload)
    except InvalidSignature as e:
        raise GrantRefused("signature") from e
    if not grant.issued_at < grant.expires_at <= grant.issued_at + LIFETIME_S:
        raise GrantRefused("malformed")
    if not grant.issued_at - CLOCK_SKEW_S <= at <= grant.expires_at:
        raise GrantRefused("expired")
    return grant


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    raw = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(raw) != text:  # base64 has spare bits: one grant must have one spelling
        raise ValueError("not the canonical spelling")
    return raw
