"""The site's certificate: its names, its end, its key, and that nginx shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, unless_demo, warning
from appliance.configure.certificate import certificate_files, names_of, read_certificate, wanted_names

SOON = timedelta(days=21)
VERY_SOON = timedelta(days=7)

_RENEW = "Renew it (with certbot or lego, or ask whoever issued it), then run “wellhouse configure”."


def check(box: Box, at: datetime) -> Iterator[Finding]:
    files = certificate_files(box.settings)
    for file in (files.chain, files.key):
        if not file.is_file():
            yield error(f"{file} is not there.", "Put it there, or run “wellhouse configure” for a self-signed one.")
            return
    certificate = read_certificate(files.chain)
    left = certificate.not_valid_after_utc - at
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    if left < timedelta(0):
        yield error(f"The certificate ended on {until}: browsers refuse the site.", _RENEW)
    elif left < VERY_SOON:
        yield error(f"The certificate ends on {until}, in {left.days} days.", _RENEW)
    elif left < SOON:
        yield warning(f"The certificate ends on {until}, in {left.days} days.", _RENEW)
    else:
        yield ok(f"The certificate is good until {until}.")
    missing = [name for name in wanted_names(box.settings) if not _covered(name, names_of(certificate))]
    if missing:
        yield error(
            f"The certificate is not for {', '.join(missing)}: browsers warn there.",
            "Get one for all names, or take them out of [site]; “wellhouse configure” remakes a self-signed one.",
        )
    key = load_pem_private_key(files.key.read_bytes(), password=None)
    if key.public_key() != certificate.public_key():
        yield error(f"{files.key} does not belong to {files.chain}.", "Put the key there that it was issued for.")
    if files.self_signed:
        finding = warning(
            "The certificate is self-signed: every browser warns, and phones may refuse camera and microphone.",
            "Get a certificate for the site's name and name its files in site.certificate and site.certificate_key.",
        )
        yield unless_demo(finding, demo=box.settings.site.demo)
    shown = health.shown_certificate(box.settings)
    if shown is not None and shown != certificate.public_bytes(Encoding.DER):
        yield error("nginx still shows an older certificate.", "Run “wellhouse configure”, which tells nginx.")


def _covered(name: str, names: frozenset[str]) -> bool:
    wildcard = "*." + name.partition(".")[2]
    return name in names or wildcard in names
