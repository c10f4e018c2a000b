"""A security key in software, which can also do what a real one does not: lie about site, owner and counter."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256, CoseKey
from fido2.utils import websafe_decode, websafe_encode

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


class SoftKey:
    """One credential. *step* is what the counter grows by at each use: 0 is a passkey that is kept in sync."""

    def __init__(self, *, step: int = 1, origin: str = "https://localhost", rp_id: str = "localhost") -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.kind: type[CoseKey] = ES256
        self.credential_id = secrets.token_bytes(32)
        self.step, self.origin, self.rp_id = step, origin, rp_id
        self.counter = 0
        self.verified = True
        self.user_handle = b""

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What ``navigator.credentials.create`` gives for these options."""
        asked = options["publicKey"]
        self.user_handle = websafe_decode(asked["user"]["id"])
        public = cbor.encode(dict(self.kind.from_cryptography_key(self.private.public_key())))
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + public
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + credential}
        return self._answer(
            "webauthn.create", asked["challenge"], attestationObject=websafe_encode(cbor.encode(attestation))
        )

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What ``navigator.credentials.get`` gives."""
        self.counter += self.step
        data = self._data(0)
        client = self._client_data("webauthn.get", options["publicKey"]["challenge"])
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            "webauthn.get",
            options["publicKey"]["challenge"],
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
            userHandle=websafe_encode(self.user_handle),
        )

    def _data(self, more: int) -> bytes:
        synced = BACKUP_ELIGIBLE | BACKED_UP if self.step == 0 else 0
        flags = USER_PRESENT | (USER_VERIFIED if self.verified else 0) | synced | more
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, kind: str, challenge: str, **response: str) -> dict[str, Any]:
        client = websafe_encode(self._client_data(kind, challenge))
        raw = websafe_encode(self.credential_id)
        return {
            "id": raw,
            "rawId": raw,
            "type": "public-key",
            "response": {"clientDataJSON": client, **response},
            "clientExtensionResults": {},
        }
