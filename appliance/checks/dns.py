"""The names lead to this box: inside the clinic, and on the Internet as far as one may ask there."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from datetime import datetime

from appliance.box import Box
from appliance.checks.finding import Finding, error, note, ok, warning
from core.addresses import interface_addresses
from core.settings import Settings, is_address
from rtc.public_address import Unknown, look_up, resolver


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    settings = box.settings
    candidates = dict.fromkeys((*settings.names, settings.turn_tls_name))
    names = [
        name for name in candidates if name and not is_address(name) and not name.endswith(("localhost", ".local"))
    ]
    if not names:
        yield note("The site has no name that a name server would know.")
        return
    ours = {*interface_addresses(), "127.0.0.1", "::1"} | _public(settings)
    for name in names:
        yield _inside(name, ours)
    server = settings.rtc.public_resolver
    if not server:
        yield note(
            "Nobody on the Internet was asked for the names, as clients see them: name a server in rtc.public_resolver."
        )
        return
    for name in dict.fromkeys((settings.site.hostname, settings.turn_tls_name)):
        if name in names:
            yield _outside(name, server, _public(settings))


def _inside(name: str, ours: set[str]) -> Finding:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
    except socket.gaierror:
        return warning(
            f"The name {name} has no address here.",
            f"Add {name} to the DNS of the clinic and of the domain, both pointing at this box.",
        )
    if found & ours:
        return ok(f"{name} leads to this box from here.")
    return warning(
        f"{name} leads to {', '.join(sorted(found))} from here, which is not this machine, nor rtc.public_address.",
        f"If that is the router, see that it hands ports on from inside too; else let {name} lead to this box in the "
        "clinic's DNS.",
    )


def _outside(name: str, server: str, public: set[str]) -> Finding:
    try:
        found = set(asyncio.run(look_up(name, resolver(server))).addresses)
    except Unknown as e:
        return error(
            f"The name server {server} knows no address for {name}: {e}",
            f"Add {name} to the domain's DNS, with the clinic's address on the Internet.",
        )
    if all(not ipaddress.ip_address(address).is_global for address in found):
        return error(
            f"On the Internet {name} leads to {', '.join(sorted(found))}, which nobody reaches from there.",
            "Put the clinic's public address into the domain's DNS.",
        )
    if public and not found & public:
        return warning(
            f"On the Internet {name} leads to {', '.join(sorted(found))}, and rtc.public_address says "
            f"{', '.join(sorted(public))}.",
            "Put the one right that is wrong.",
        )
    return ok(f"On the Internet {name} leads to {', '.join(sorted(found))}.")


def _public(settings: Settings) -> set[str]:
    """The clinic's address on the Internet, where the settings tell one or a name that leads to one."""
    name = settings.rtc.public_address
    if not name or is_address(name):
        return {name} - {""}
    try:
        return set(asyncio.run(look_up(name, resolver(settings.rtc.public_resolver))).addresses)
    except Unknown:
        return set()  # told by the check of the public address
