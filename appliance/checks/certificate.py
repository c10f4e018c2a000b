"""The site's certificate: its names, its end, its key, who vouches for it, and that nginx shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from appliance import health
from appliance.box import Box
from appliance.certificates import acme, authority
from appliance.certificates.files import (
    certificate_files,
    not_covered,
    read_certificate,
    vouches_for_itself,
    wanted_names,
)
from appliance.certificates.keeper import what_to_do
from appliance.certificates.memory import remember
from appliance.checks.finding import Finding, error, ok, unless_demo, warning

SOON = timedelta(days=21)
VERY_SOON = timedelta(days=7)
AUTHORITY_SOON = timedelta(days=365)  # every device of the clinic has to be visited


def check(box: Box, at: datetime) -> Iterator[Finding]:
    files = certificate_files(box.settings)
    for file in (files.chain, files.key):
        if not file.is_file():
            yield error(f"{file} is not there.", "Put it there, or run “wellhouse configure” for a self-signed one.")
            return
    certificate = read_certificate(files.chain)
    yield from _end(box, certificate, at)
    yield from _names(box, certificate)
    key = load_pem_private_key(files.key.read_bytes(), password=None)
    if key.public_key() != certificate.public_key():
        yield error(f"{files.key} does not belong to {files.chain}.", "Put the key there that it was issued for.")
    if vouches_for_itself(certificate):
        yield unless_demo(_stands_in(box), demo=box.settings.site.demo)
    if box.settings.certificates.source == "local":
        yield from _authority(box, at)
    shown = health.shown_certificate(box.settings)
    if shown is not None and shown != certificate.public_bytes(Encoding.DER):
        yield error("nginx still shows an older certificate.", "Run “wellhouse reload-certificates”.")


def _end(box: Box, certificate: x509.Certificate, at: datetime) -> Iterator[Finding]:
    left = certificate.not_valid_after_utc - at
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    fault = remember(box.settings).fault
    why = f" Renewing it fails: {fault}" if fault else ""
    then = what_to_do(box)
    if left < timedelta(0):
        yield error(f"The certificate ended on {until}: browsers refuse the site.{why}", then)
    elif left < VERY_SOON:
        yield error(f"The certificate ends on {until}, in {left.days} days.{why}", then)
    elif left < SOON:
        yield warning(f"The certificate ends on {until}, in {left.days} days.{why}", then)
    else:
        yield ok(f"The certificate is good until {until}.")


def _names(box: Box, certificate: x509.Certificate) -> Iterator[Finding]:
    source = box.settings.certificates.source
    names = acme.public_names(box.settings) if source == "acme" else wanted_names(box.settings)
    unreached = dict(remember(box.settings).left_out) if source == "acme" else {}
    for name in not_covered(names, certificate):
        if name in unreached:
            yield error(
                f"The certificate is not for {name}, as the authority could not reach it: {unreached[name]}.",
                f"Point {name} at this box in the DNS and forward port 80, then run “wellhouse certificates renew”.",
            )
        elif source == "acme":
            yield error(f"The certificate is not for {name} yet.", "Run “wellhouse certificates renew”.")
        elif source == "local":
            yield error(
                f"The box's own authority may not vouch for {name}: it was made for fewer names.",
                "Run “wellhouse certificates new-authority”, and have every device trust the new one.",
            )
        else:
            yield error(
                f"The certificate is not for {name}: browsers warn there.",
                "Get one for all names, or take them out of [site]; “wellhouse configure” remakes a self-signed one.",
            )


def _stands_in(box: Box) -> Finding:
    source, fault = box.settings.certificates.source, remember(box.settings).fault
    if source == "acme":
        why = f" {fault}" if fault else ""
        return error(f"The site has no certificate yet that browsers believe.{why}", what_to_do(box))
    if source == "own":
        return error("The site still waits for the clinic's own certificate: browsers warn.", what_to_do(box))
    return warning(
        "The certificate is self-signed: every browser warns, and phones may refuse camera and microphone.",
        "Choose where it comes from under [certificates] in the settings, then run “wellhouse configure”.",
    )


def _authority(box: Box, at: datetime) -> Iterator[Finding]:
    ours = read_certificate(authority.authority_file(box.settings))
    left = ours.not_valid_after_utc - at
    if left < AUTHORITY_SOON:
        yield warning(
            f"The box's own authority ends on {ours.not_valid_after_utc:%Y-%m-%d}; then every device warns.",
            "At a time that suits you run “wellhouse certificates new-authority”, and have every device trust it.",
        )
    else:
        yield ok(f"The box's own authority is good until {ours.not_valid_after_utc:%Y-%m-%d}.")
