"""wellhouse certificates: what the site shows and how long it lasts; renew it, or bring one of the clinic's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from appliance.box import Box
from appliance.certificates.authority import authority_file, fingerprint, names_it_may
from appliance.certificates.files import (
    certificate_files,
    names_of,
    not_covered,
    read_certificate,
    vouches_for_itself,
    wanted_names,
)
from appliance.certificates.memory import remember
from appliance.certificates.own import judge
from appliance.certificates.page import authority_name, page_address, page_files
from appliance.certificates.place import Pair
from appliance.certificates.renewing import bring_anew, renew, use
from appliance.commands import target as targets
from appliance.commands.target import target
from appliance.configure.files import write
from core.clock import utcnow
from core.errors import Refused

HELP = "show the site's certificate, renew it, or bring one of the clinic's own"

SOURCES = {
    "acme": "from an authority on the Internet; the box renews it",
    "local": "from the box's own authority; the box renews it",
    "own": "brought by the clinic: bring the next one with “wellhouse certificates use”",
}


def add(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("status", help="names, issuer, days left; for the box's own authority how devices trust it")
    verbs.add_parser("renew", help="get the next certificate now and show it")
    own = verbs.add_parser("use", help="look at a certificate of the clinic's own, put it in place and show it")
    own.add_argument("chain", type=Path, metavar="CHAIN", help="the certificate and those above it, PEM")
    own.add_argument("key", type=Path, metavar="KEY", help="its private key, PEM, without a password")
    verbs.add_parser("new-authority", help="replace the box's own authority; every device must trust it anew")
    for verb in verbs.choices.values():
        targets.add(verb)


def run(given: argparse.Namespace) -> int:
    """0 if it was done; 1 if a name is missing in the certificate that was got."""
    box, now = target(given), utcnow()
    verbs: dict[str | None, Callable[[], int]] = {
        "renew": lambda: _renew(box, at=now),
        "use": lambda: _use(box, given.chain, given.key, at=now),
        "new-authority": lambda: _new_authority(box, at=now),
    }
    return verbs.get(given.verb, lambda: _status(box, at=now))()


def _status(box: Box, *, at: datetime) -> int:
    certificate = read_certificate(certificate_files(box.settings).chain)
    source = SOURCES.get(box.settings.certificates.source, "")
    left = (certificate.not_valid_after_utc - at).days
    print(f"{box.settings.origin}\n")
    print(f"  for      {', '.join(sorted(names_of(certificate)))}")
    if missing := not_covered(wanted_names(box.settings), certificate):
        print(f"  not for  {', '.join(sorted(missing))}")
    print(f"  from     {_issuer(certificate)}{f' ({source})' if source else ''}")
    print(f"  until    {certificate.not_valid_after_utc:%Y-%m-%d}, {left} days left")
    print(f"  file     {certificate_files(box.settings).chain}")
    memory = remember(box.settings)
    if memory.fault:
        print(f"\nThe last try to renew it failed: {memory.fault}")
    for name, why in memory.left_out:
        print(f"\nThe authority could not reach {name}: {why}. The box asks again every day.")
    if box.settings.certificates.source == "local":
        _tell_how_to_trust(box)
    return 0


def _renew(box: Box, *, at: datetime) -> int:
    renewed = renew(box, at=at)
    if not renewed.changed:
        print("The certificate is good and needs no renewal.")
        return 0
    certificate = read_certificate(certificate_files(box.settings).chain)
    print(f"Renewed: good until {certificate.not_valid_after_utc:%Y-%m-%d}. No call was dropped.")
    for name, why in renewed.left_out.items():
        print(
            f"It is not for {name}, which the authority could not reach: {why}. Point its DNS entry at this box and "
            "forward port 80; the box asks again every day.",
            file=sys.stderr,
        )
    return 1 if renewed.left_out else 0


def _use(box: Box, chain: Path, key: Path, *, at: datetime) -> int:
    if box.settings.certificates.source != "own":
        raise Refused(
            f'The settings have another source for the certificate. Write source = "own" under [certificates] in '
            f"{box.config}, then run this again."
        )
    judged = judge(chain.read_bytes(), key.read_bytes(), wanted_names(box.settings), at=at)
    for warning in judged.warnings:
        print(warning, file=sys.stderr)
    files = certificate_files(box.settings)
    present = Pair(files.chain.read_bytes(), files.key.read_bytes()) if files.key.is_file() else None
    if judged.pair == present:
        print("nothing to change: this certificate is in its place already")
        return 0
    use(box, judged.pair, at=at)
    certificate = read_certificate(files.chain)
    print(f"In its place: {_issuer(certificate)}, good until {certificate.not_valid_after_utc:%Y-%m-%d}.")
    print(f"{key} is copied: remove it where it lies now, or keep it as safe as {files.key}.")
    return 0


def _new_authority(box: Box, *, at: datetime) -> int:
    bring_anew(box, at=at)
    for page in page_files(box.settings):
        write(page.path, page.content, mode=0o644)
    print("The box has a new authority. Every phone and computer must trust it anew:")
    _tell_how_to_trust(box)
    return 0


def _tell_how_to_trust(box: Box) -> None:
    authority = read_certificate(authority_file(box.settings))
    address = page_address(box.settings)
    print(f"\nPhones and computers trust it when they have been told so, once: {address}\n")
    segno.make(address, error="m").terminal(compact=True)
    print(
        f"\n  {authority_name(authority)}, until {authority.not_valid_after_utc:%Y-%m-%d}\n"
        f"  vouches for {', '.join(names_it_may(authority))} and nothing else\n"
        f"  SHA-256  {fingerprint(authority, hashes.SHA256())}\n"
        f"  SHA-1    {fingerprint(authority, hashes.SHA1())}\n\n"  # noqa: S303  # Windows shows no other
        "Print this and hand it out: who installs the certificate compares the fingerprint with the paper. The page\n"
        "is reached without encryption, and somebody in the middle could show another."
    )


def _issuer(certificate: x509.Certificate) -> str:
    if vouches_for_itself(certificate):
        return "itself, so browsers warn"
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if found := certificate.issuer.get_attributes_for_oid(kind):
            return str(found[0].value)
    return certificate.issuer.rfc4514_string()
