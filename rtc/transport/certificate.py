"""The server's DTLS certificate: new with each start, known to browsers by its fingerprint only (RFC 8122)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

# By the names of RFC 8122, 5; those that are broken are left out.
HASHES: dict[str, Callable[[bytes], hashlib._Hash]] = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}


@dataclass(frozen=True)
class DtlsIdentity:
    """Key and self-signed certificate of this process."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def fingerprint(self, hash_name: str = "sha-256") -> str:
        return fingerprint(self.certificate.public_bytes(Encoding.DER), hash_name)


def make_identity(at: datetime) -> DtlsIdentity:
    """An ECDSA P-256 identity that names nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "media")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))  # browsers' clocks differ
        .not_valid_after(at + timedelta(days=3650))  # the process may run for years; only the fingerprint is checked
        .sign(key, hashes.SHA256())
    )
    return DtlsIdentity(key, certificate)


def fingerprint(der: bytes, hash_name: str) -> str:
    """``AB:CD:…`` of a certificate's *der*, of which nothing is parsed; *hash_name* is one of HASHES."""
    return HASHES[hash_name](der).digest().hex(":").upper()
