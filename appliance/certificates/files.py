"""The site's certificate as files: where it lies, what it must be good for, and what it is good for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from appliance.certificates.place import CHAIN, KEY
from core.errors import Refused
from core.settings import Settings


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files, absolute."""

    chain: Path
    key: Path


def certificate_files(settings: Settings) -> CertificateFiles:
    """Where the certificate lies, or will lie."""
    if settings.site.certificate:
        return CertificateFiles(Path(settings.site.certificate), Path(settings.site.certificate_key))
    if settings.certificates.source:
        return CertificateFiles(settings.paths.certificates / CHAIN, settings.paths.certificates / KEY)
    place = Path(settings.paths.keys) / "tls"
    return CertificateFiles(place / "self-signed.pem", place / "self-signed.key")


def wanted_names(settings: Settings) -> tuple[str, ...]:
    """Names and addresses that the certificate must hold, the site's own first."""
    return tuple(dict.fromkeys(name for name in (*settings.names, settings.turn_tls_name) if name))


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


def not_covered(names: tuple[str, ...], certificate: x509.Certificate) -> list[str]:
    """Those of *names* for which browsers would refuse *certificate*."""
    held = names_of(certificate)
    return [name for name in names if name not in held and f"*.{name.partition('.')[2]}" not in held]


def vouches_for_itself(certificate: x509.Certificate) -> bool:
    """Whether *certificate* is self-signed, so that every browser warns."""
    return certificate.issuer == certificate.subject
