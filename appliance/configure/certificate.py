"""The site's certificate: the clinic's own, or a self-signed one that is remade before it is useless."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.configure.files import folder, write
from core.errors import Refused
from core.settings import Settings, is_address

VALID_FOR = timedelta(days=397)  # browsers refuse longer ones; RFC 5280 leaves it open
REMAKE_BEFORE = timedelta(days=14)


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files, absolute. *self_signed*: made here, so browsers warn."""

    chain: Path
    key: Path
    self_signed: bool


def certificate_files(settings: Settings) -> CertificateFiles:
    """Where the certificate lies, or will lie."""
    if settings.site.certificate:
        return CertificateFiles(Path(settings.site.certificate), Path(settings.site.certificate_key), self_signed=False)
    place = Path(settings.paths.keys) / "tls"
    return CertificateFiles(place / "self-signed.pem", place / "self-signed.key", self_signed=True)


def wanted_names(settings: Settings) -> tuple[str, ...]:
    """Names and addresses that the certificate must hold."""
    return tuple(dict.fromkeys(name for name in (*settings.names, settings.turn_tls_name) if name))


def provide_certificate(settings: Settings, *, at: datetime) -> list[Path]:
    """Make sure that nginx finds a certificate; the files that were made anew.

    A configured certificate is the clinic's affair: here it must only be there. Refused says which file is not.
    """
    files = certificate_files(settings)
    if not files.self_signed:
        for file in (files.chain, files.key):
            if not file.is_file():
                raise Refused(f"There is no {file}, which site.certificate names. Put it there or correct the setting.")
        return []
    folder(files.chain.parent, mode=0o700)
    if files.key.is_file() and _still_good(files.chain, wanted_names(settings), at=at):
        return []
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(wanted_names(settings), key, at=at)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write(files.key, private, mode=0o400)
    write(files.chain, certificate.public_bytes(serialization.Encoding.PEM), mode=0o444)
    return [files.chain, files.key]


def read_certificate(file: Path) -> x509.Certificate:
    """The first certificate of the chain in *file*; Refused if it is not PEM."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (ValueError, IndexError) as e:
        raise Refused(f"{file} holds no certificate in PEM form. Replace it with the chain your authority sent.") from e


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """DNS names and IP addresses that *certificate* is good for."""
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return frozenset(alternative.get_values_for_type(x509.DNSName)) | {str(address) for address in addresses}


def _still_good(file: Path, names: tuple[str, ...], *, at: datetime) -> bool:
    try:
        certificate = read_certificate(file)
    except (FileNotFoundError, Refused):
        return False
    same = names_of(certificate) == frozenset(names)
    return same and certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc - REMAKE_BEFORE


def _self_signed(names: tuple[str, ...], key: ec.EllipticCurvePrivateKey, *, at: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])  # X.520 ends it at 64
    alternative = [
        x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name) for name in names
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(hours=1))  # a phone's clock may be behind
        .not_valid_after(at + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
