"""Identifiers and tokens: random, so that none can be guessed from another."""

from __future__ import annotations

import hashlib
import secrets
import uuid

TOKEN_BYTES = 32  # 256 bits: session ids, invitation links, resume secrets (ACCESS S1, M2)


def new_id() -> uuid.UUID:
    """A random 122-bit identifier (RFC 9562, version 4) for a row, a room or a participant."""
    return uuid.uuid4()


def new_token() -> str:
    """A URL-safe secret of 256 bits; keep only its ``token_hash``."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """SHA-256 of *token* in hex. A plain hash suffices: the token has 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
