"""The site's names: that they lead here, for people outside and on the LAN, and for the certificate authority."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.answers import CertificateKind
from appliance.install.checks.plan import Plan
from appliance.install.facts import is_ours, resolved
from core.settings import is_address


def check(plan: Plan, resolve: Callable[[str], tuple[str, ...]] = resolved) -> Iterator[Finding]:
    answers = plan.answers
    if answers.hostname.endswith(".local"):
        yield warning(
            f"Names that end in .local, as {answers.hostname}, are looked up without DNS by phones and computers.",
            "Take a name in a domain of the clinic's, or one that ends in .home.arpa or .internal.",
        )
    yield from _led_here(plan, answers.hostname, "nobody finds the site", resolve(answers.hostname))
    yield from _led_here(plan, answers.turn_name, "no calls get through strict firewalls", resolve(answers.turn_name))
    public = answers.public_address
    if public and not is_address(public):
        found = [address for address in resolve(public) if ":" not in address]
        if not found:
            yield error(f"{public}, the address on the Internet, is not known to DNS.", "Correct it, or answer none.")


def _led_here(plan: Plan, name: str, without: str, addresses: tuple[str, ...]) -> Iterator[Finding]:
    """What is to say of *name* with its *addresses*. *without*: what happens while it does not lead here."""
    answers, here = plan.answers, plan.facts.address or "this machine's address"
    acme = answers.certificate.kind is CertificateKind.ACME
    outside = answers.public_address or (here if plan.facts.on_the_internet else "")
    record = f"{name}. A {outside if acme and is_address(outside) else here}"
    if not addresses:
        finding = error if acme else warning
        why = f"no certificate is issued, and {without}" if acme else without
        yield finding(f"DNS does not know {name}: {why}.", f"Make the record: {record}")
        return
    loopback = [address for address in addresses if ipaddress.ip_address(address).is_loopback]
    private = [a for a in addresses if a not in loopback and not ipaddress.ip_address(a).is_global]
    public = [a for a in addresses if ipaddress.ip_address(a).is_global]
    strangers = [address for address in private if not is_ours(address)]
    if loopback:
        yield warning(
            f"{name} is answered from this machine's own hosts file, so what others are told could not be seen.",
            f"Make sure that DNS has the record: {record}",
        )
    if strangers:
        yield error(
            f"{name} leads to {' and '.join(strangers)}, which is another machine.",
            f"Correct the record: {name}. A {here}",
        )
    elif private:
        yield ok(f"{name} leads to this machine on the LAN.")
    wanted = answers.public_address
    if public and wanted and is_address(wanted) and wanted not in public:
        yield error(
            f"{name} leads to {' and '.join(public)}, and the clinic's address on the Internet should be {wanted}.",
            "Correct one of the two.",
        )
    elif public and any(map(is_ours, public)):
        yield ok(f"{name} leads to this machine.")
    elif public:
        yield ok(f"{name} leads to {' and '.join(public)}, from where the router must pass people on to this machine.")
