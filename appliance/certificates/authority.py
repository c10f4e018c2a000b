"""The box's own certificate authority, for a site that only the LAN reaches and no public authority can vouch for.

Its private key is nowhere on disk: it is derived from the master key and the names. So a stolen disk holds none, and
the recovery sheet brings it back on another machine, where phones that trusted it go on doing so. It can sign only for
the clinic's own names (RFC 5280, 4.2.1.10), so a phone that trusts it trusts it with nothing else.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.certificates import place
from appliance.certificates.files import certificate_files, names_of, read_certificate, wanted_names
from appliance.certificates.place import Pair
from appliance.certificates.self_signed import (
    COMMON_NAME_MAX,
    SLOW_CLOCKS,
    alternative_names,
    common_name,
    private_pem,
)
from appliance.configure.files import folder, write
from core.errors import Refused
from core.settings import Settings, is_address
from webapp.crypto.keyring import Keyring

VALID_FOR = timedelta(days=3650)
LEAF_VALID_FOR = timedelta(days=397)  # Apple accepts 825 of an authority that a person added; others may go lower
LEAF_RENEWED_BEFORE = timedelta(days=60)

_EVERY_ADDRESS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def authority_file(settings: Settings) -> Path:
    """The authority's certificate, PEM; everybody may read it."""
    return settings.paths.certificates / "authority.pem"


def provide(settings: Settings, keyring: Keyring, *, at: datetime) -> list[Path]:
    """Make sure that there is an authority, and a certificate by it for every name it may vouch for; the files made.

    An authority that phones trust is kept as long as it can vouch for the hostname. More names than it was made for
    need :func:`make_anew`, since every device must be told.
    """
    file = authority_file(settings)
    changed = []
    authority = _usable(file, settings, keyring, at=at)
    if authority is None:
        authority = _make(settings, keyring, at=at)
        changed.append(file)
    files = certificate_files(settings)
    names = tuple(name for name in wanted_names(settings) if may_vouch_for(authority, name))
    if changed or not files.key.is_file() or not _still_good(files.chain, authority, names, at=at):
        place.put(_leaf(authority, _key(keyring, names_it_may(authority)), names, at=at), settings, at=at)
        changed += [files.chain, files.key]
    return changed


def make_anew(settings: Settings, keyring: Keyring, *, at: datetime) -> x509.Certificate:
    """An authority for all names of now, and a certificate by it. Every device must then trust it anew."""
    authority_file(settings).unlink(missing_ok=True)
    provide(settings, keyring, at=at)
    return read_certificate(authority_file(settings))


def names_it_may(authority: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses that *authority* may vouch for, sorted."""
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    allowed = constraints.permitted_subtrees or []
    names = [subtree.value for subtree in allowed if isinstance(subtree, x509.DNSName)]
    addresses = [str(subtree.value).partition("/")[0] for subtree in allowed if isinstance(subtree, x509.IPAddress)]
    return tuple(sorted([*names, *addresses]))


def may_vouch_for(authority: x509.Certificate, name: str) -> bool:
    """Whether devices that trust *authority* believe it about *name*: a DNS constraint holds the names below it too."""
    allowed = names_it_may(authority)
    if is_address(name):
        return name in allowed
    return any(name == one or name.endswith(f".{one}") for one in allowed if not is_address(one))


def fingerprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    """As devices show it: pairs of hexadecimal digits."""
    return certificate.fingerprint(algorithm).hex(" ").upper()


def _usable(file: Path, settings: Settings, keyring: Keyring, *, at: datetime) -> x509.Certificate | None:
    if not file.is_file():
        return None
    try:
        authority = read_certificate(file)
        ours = authority.public_key() == _key(keyring, names_it_may(authority)).public_key()
    except (Refused, x509.ExtensionNotFound):
        return None
    for_us = may_vouch_for(authority, settings.site.hostname)
    return authority if ours and for_us and at < authority.not_valid_after_utc else None


def _make(settings: Settings, keyring: Keyring, *, at: datetime) -> x509.Certificate:
    names = tuple(sorted(wanted_names(settings)))
    key = _key(keyring, names)
    identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Two authorities of one clinic have different names in a phone's list.
    mark = f" ({identity.digest.hex()[:4]})"
    subject = common_name(f"Wellhouse at {settings.site.hostname}"[: COMMON_NAME_MAX - len(mark)] + mark)
    addresses = [ipaddress.ip_network(name) for name in names if is_address(name)]
    allowed = [
        *(x509.DNSName(name) for name in names if not is_address(name)),
        *(x509.IPAddress(address) for address in addresses),
    ]
    # A kind of name that is nowhere allowed would be allowed without bounds.
    refused = [] if addresses else [x509.IPAddress(network) for network in _EVERY_ADDRESS]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SLOW_CLOCKS)
        .not_valid_after(at + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=refused or None), True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identity, critical=False)
        .sign(key, hashes.SHA256())
    )
    folder(settings.paths.certificates, mode=0o755)
    write(authority_file(settings), certificate.public_bytes(serialization.Encoding.PEM), mode=0o444)
    return certificate


def _leaf(
    authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], *, at: datetime
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(common_name(names[0]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - SLOW_CLOCKS)
        .not_valid_after(min(at + LEAF_VALID_FOR, authority.not_valid_after_utc))
        .add_extension(alternative_names(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM), private_pem(key))


def _still_good(file: Path, authority: x509.Certificate, names: tuple[str, ...], *, at: datetime) -> bool:
    try:
        leaf = read_certificate(file)
        leaf.verify_directly_issued_by(authority)
    except (FileNotFoundError, Refused, ValueError, TypeError, InvalidSignature):
        return False
    lasts = leaf.not_valid_after_utc - LEAF_RENEWED_BEFORE > at
    could_last_longer = leaf.not_valid_after_utc < authority.not_valid_after_utc
    return names_of(leaf) == frozenset(names) and leaf.not_valid_before_utc <= at and (lasts or not could_last_longer)


def _key(keyring: Keyring, names: tuple[str, ...]) -> ec.EllipticCurvePrivateKey:
    return keyring.authority_key(" ".join(names))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
