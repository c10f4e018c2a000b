"""A certificate that vouches for itself: what the site shows until it has a better one."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.certificates.place import Pair
from core.settings import is_address

VALID_FOR = timedelta(days=397)  # browsers refuse longer ones; RFC 5280 leaves it open
COMMON_NAME_MAX = 64  # X.520
SLOW_CLOCKS = timedelta(hours=1)  # a phone's clock may be behind


def self_signed(names: tuple[str, ...], *, at: datetime) -> Pair:
    """A fresh key, and a certificate of its own for *names*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = common_name(names[0])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SLOW_CLOCKS)
        .not_valid_after(at + VALID_FOR)
        .add_extension(alternative_names(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), private_pem(key))


def common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:COMMON_NAME_MAX])])


def alternative_names(names: tuple[str, ...]) -> x509.SubjectAlternativeName:
    """What browsers look at: host names and addresses, each as its own kind (RFC 5280, 4.2.1.6)."""
    return x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name) for name in names]
    )


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
