"""Authorities and certificates of invented people, of every kind that a clinic may bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.certificates.self_signed import alternative_names, common_name

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = ("clinic.example", "turn.clinic.example")

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return pem(self.certificate)


def root() -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    return Signer(_built("Root", key, "Root", key, authority=True), key)


def below(signer: Signer, name: str = "Intermediate") -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    return Signer(_built(name, key, _name(signer), signer.key, authority=True), key)


def leaf(
    signer: Signer,
    key: Key,
    names: tuple[str, ...] = NAMES,
    *,
    starts_at: datetime = NOW - timedelta(days=1),
    lasts: timedelta = timedelta(days=90),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> bytes:
    return pem(_built(names[0], key, _name(signer), signer.key, names, starts_at, lasts, purpose))


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Key, password: bytes = b"") -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def _name(signer: Signer) -> str:
    return str(next(iter(signer.certificate.subject)).value)


def _built(
    name: str,
    key: Key,
    issuer: str,
    issuer_key: Key,
    names: tuple[str, ...] = (),
    starts_at: datetime = NOW - timedelta(days=400),
    lasts: timedelta = timedelta(days=3650),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    *,
    authority: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(common_name(name))
        .issuer_name(common_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts_at)
        .not_valid_after(starts_at + lasts)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(alternative_names(names), critical=False).add_extension(
            x509.ExtendedKeyUsage([purpose]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())
