"""A certificate that the clinic brings: looked at before it takes the place of one that works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.certificates.files import not_covered, vouches_for_itself
from appliance.certificates.place import Pair
from core.errors import Refused

RSA_BITS_MIN = 2048  # CA/Browser Forum baseline requirements, 6.1.5
SOON = timedelta(days=21)

_DER_MARK, _PEM_MARK = b"\x30", b"-----BEGIN "
_CURVES = ("secp256r1", "secp384r1")  # what every browser takes


@dataclass(frozen=True)
class Judged:
    """*pair* is what nginx should get: PEM, in order. *warnings* are sentences about what does not keep it from use."""

    pair: Pair
    warnings: tuple[str, ...]


def judge(chain: bytes, key: bytes, names: tuple[str, ...], *, at: datetime) -> Judged:
    """The files' content as nginx needs it. Refused says in words what is wrong and how to put it right.

    *names* are all that the site answers to, the hostname first: without that one the certificate is of no use.
    """
    certificates = _read_chain(chain)
    private = _read_key(key)
    leaf = next((one for one in certificates if one.public_key() == private.public_key()), None)
    if leaf is None:
        raise Refused(
            "The key does not belong to the certificate: it is for another request. Look for the key that was made "
            "together with the request that the authority answered."
        )
    _refuse_useless(leaf, names, at=at)
    ordered = _in_order(leaf, certificates)
    text = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in ordered)
    plain = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Judged(Pair(text, plain), tuple(_warnings(leaf, ordered, names, at=at)))


def _read_chain(content: bytes) -> list[x509.Certificate]:
    if _PEM_MARK not in content and content.startswith(_DER_MARK):
        raise Refused(
            "The certificate is in binary form (DER or PFX). Turn it into PEM first. A .cer or .der: openssl x509 "
            "-inform der -in FILE -out chain.pem. A .pfx or .p12: openssl pkcs12 -in FILE -nokeys -out chain.pem, "
            "and openssl pkcs12 -in FILE -nocerts -nodes -out key.pem."
        )
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as e:
        hint = " It is a private key: the certificate comes first, then the key." if b"PRIVATE KEY" in content else ""
        raise Refused(f"The first file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).{hint}") from e


def _read_key(content: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if b"ENCRYPTED" in content:
        raise Refused(
            "The key is protected by a password, and nobody is there to type it when the box starts. Write it out "
            "without: openssl pkey -in KEY -out plain.pem. Then use that, and remove both files afterwards."
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as e:
        raise Refused("The second file holds no private key in PEM form (-----BEGIN PRIVATE KEY-----).") from e
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < RSA_BITS_MIN:
            raise Refused(
                f"The key has {key.key_size} bits, and browsers want {RSA_BITS_MIN} at least. Make a new one."
            )
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return key
    raise Refused("The key is of a kind that not every browser takes. Use RSA, or ECDSA on P-256 or P-384.")


def _refuse_useless(leaf: x509.Certificate, names: tuple[str, ...], *, at: datetime) -> None:
    if at > leaf.not_valid_after_utc:
        raise Refused(f"The certificate ended on {leaf.not_valid_after_utc:%Y-%m-%d}. Ask the authority for a new one.")
    if at < leaf.not_valid_before_utc:
        raise Refused(
            f"The certificate is good only from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on. Wait until then, "
            "or set this machine's clock right."
        )
    if not_covered(names[:1], leaf):
        raise Refused(f"The certificate is not for {names[0]}: every browser would warn. Ask for one that holds it.")
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    if ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        raise Refused("The certificate is not for a website, but for another purpose, as mail. Ask for one for a site.")
    if isinstance(leaf.signature_hash_algorithm, hashes.SHA1 | hashes.MD5):
        raise Refused("The certificate is signed with SHA-1, which browsers refuse. Ask the authority for a new one.")


def _in_order(leaf: x509.Certificate, certificates: list[x509.Certificate]) -> list[x509.Certificate]:
    """The site's own first, then whoever signed it, and so on; roots and strangers are left out (RFC 8446, 4.4.2)."""
    ordered = [leaf]
    while not vouches_for_itself(ordered[-1]):
        signer = next((one for one in certificates if one not in ordered and _signed(ordered[-1], one)), None)
        if signer is None or vouches_for_itself(signer):
            break
        ordered.append(signer)
    return ordered


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _warnings(
    leaf: x509.Certificate, ordered: list[x509.Certificate], names: tuple[str, ...], *, at: datetime
) -> list[str]:
    found = []
    if missing := not_covered(names, leaf):
        found.append(
            f"It is not for {', '.join(missing)}: browsers warn there, and for a name that starts with turn., guests "
            "behind strict firewalls cannot join. Ask for one certificate with all names."
        )
    if vouches_for_itself(leaf):
        found.append("It vouches for itself, so every browser warns and phones may refuse camera and microphone.")
    elif len(ordered) == 1:
        found.append(
            "The file holds no intermediate certificate. If the authority sent one (often “chain” or “ca-bundle”), put "
            "it below the certificate in the same file: without it phones refuse what computers accept."
        )
    if leaf.not_valid_after_utc - at < SOON:
        found.append(f"It ends on {leaf.not_valid_after_utc:%Y-%m-%d} already.")
    return found
