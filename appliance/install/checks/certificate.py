"""The clinic's own certificate: that the files hold one, that key, names and dates fit, and the chain is whole."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.asking_programs import ask
from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.checks.plan import Plan

SOON = timedelta(days=21)
_NO_PASSPHRASE = ""


def check(plan: Plan) -> Iterator[Finding]:
    chain, key = plan.answers.certificate.chain, plan.answers.certificate.key
    if chain is None or key is None:
        return
    if plan.before.get("certificate") == f"{chain},{key}" and not (chain.exists() and key.exists()):
        # They were copied at the first run, and whoever read that may have removed them.
        placed = plan.places.etc / "certificates"
        chain, key = placed / "chain.pem", placed / "key.pem"
    yield from judge(chain, key, plan.answers.hostname, plan.answers.turn_name, at=plan.at)


def judge(chain: Path, key: Path, hostname: str, turn_name: str, *, at: datetime) -> Iterator[Finding]:
    """What is wrong with the pair of files for a site of that name."""
    absent = [file for file in dict.fromkeys((chain, key)) if not file.is_file()]
    if absent:
        yield error(
            f"There is no {' and no '.join(map(str, absent))}.", "Name the certificate's files with their paths."
        )
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, lambda: _NO_PASSPHRASE)
    except ssl.SSLError as e:
        if e.reason == "KEY_VALUES_MISMATCH":
            yield error(f"{key} is not the key of {chain}.", "Name the key that the certificate was issued for.")
        else:
            yield error(
                f"{chain} and {key} are no certificate and key in PEM form without a passphrase.",
                "Convert them with openssl, or ask whoever issued them for PEM files.",
            )
        return
    said = ask(
        "openssl", "x509", "-in", str(chain), "-noout", "-dates", "-subject", "-issuer", "-ext", "subjectAltName"
    )
    if said is None or said.status != 0:
        yield warning(f"Names and dates of {chain} could not be read.", "Look at them: openssl x509 -text")
        return
    yield from _dates(chain, said.output, at)
    yield from _names(chain, said.output, hostname, turn_name)
    subject, issuer = (_field(said.output, name) for name in ("subject", "issuer"))
    if chain.read_text(errors="replace").count("BEGIN CERTIFICATE") == 1 and subject != issuer:
        yield warning(
            f"{chain} holds the site's certificate alone: phones may not find the way to the authority.",
            "Put the authority's intermediate certificates after it in the same file.",
        )


def _dates(chain: Path, said: str, at: datetime) -> Iterator[Finding]:
    begins, ends = (_date(_field(said, name)) for name in ("notBefore", "notAfter"))
    if at >= ends:
        yield error(f"{chain} ended on {ends:%Y-%m-%d}.", "Have it renewed, or take acme.")
    elif at < begins:
        yield error(
            f"{chain} is good only from {begins:%Y-%m-%d %H:%M} UTC on.", "Wait until then, or look at the clock."
        )
    elif at > ends - SOON:
        yield warning(f"{chain} ends on {ends:%Y-%m-%d}.", "Have it renewed soon.")
    else:
        yield ok(f"{chain} is good until {ends:%Y-%m-%d}.")


def _names(chain: Path, said: str, hostname: str, turn_name: str) -> Iterator[Finding]:
    names = set(re.findall(r"DNS:([^,\s]+)", said))
    if not covered(hostname, names):
        yield error(
            f"{chain} is not for {hostname} but for {', '.join(sorted(names)) or 'no name'}.", "Get one for it."
        )
    elif not covered(turn_name, names):
        yield warning(
            f"{chain} is not for {turn_name}: guests behind strict firewalls may stay without sound and picture.",
            f"Get one for both names, or for *.{hostname.partition('.')[2]} with {hostname}.",
        )


def covered(name: str, names: set[str]) -> bool:
    """Whether a certificate for *names* is good for *name*; a star stands for one label (RFC 6125, 6.4.3)."""
    return name in names or f"*.{name.partition('.')[2]}" in names


def _field(said: str, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", said, re.MULTILINE)
    return found[1].strip() if found else ""


def _date(text: str) -> datetime:
    return datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
