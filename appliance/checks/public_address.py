"""Guests from the Internet find the box: the public address, and what can be known of the router from inside."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, note, ok, warning
from core.addresses import media_addresses
from core.settings import is_address
from rtc.public_address import Unknown, look_up, resolver

# What no router on the Internet leads to: RFC 1918, 6598, 1122, 3927.
_INNER = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)
_HAIRPIN_WITHIN_S = 1.0


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    name, own = box.settings.rtc.public_address, media_addresses(box.settings.rtc)
    if not name:
        yield _without(own)
        return
    try:
        address = _address_of(name, box.settings.rtc.public_resolver)
    except Unknown as e:
        yield error(
            f"rtc.public_address is {name}, and the name servers know no address for it: {e}",
            "Put the name right in the domain's DNS or in the settings, or name another server in rtc.public_resolver.",
        )
        return
    if _is_inner(address):
        yield warning(
            f"{name} leads to {address} here, which the Internet does not reach: guests from there are not offered "
            "the public address, and are relayed.",
            "Name the public address itself, a name that the clinic's own name server does not answer differently, "
            "or in rtc.public_resolver a name server outside.",
        )
        return
    yield from _offered(box, name, address)
    if address not in own:
        yield from _through_the_router(box, address)


def _without(own: tuple[str, ...]) -> Finding:
    if any(not _is_inner(address) for address in own):
        return ok(f"This machine itself has an address on the Internet: {', '.join(own)}.")
    return note(
        "rtc.public_address is empty: guests from the Internet are relayed through coturn, which works and takes "
        "longer. If the router forwards the media port, name the clinic's public address there."
    )


def _address_of(name: str, server: str) -> str:
    if is_address(name):
        return name
    return asyncio.run(look_up(name, resolver(server))).addresses[0]


def _offered(box: Box, name: str, address: str) -> Iterator[Finding]:
    answer = health.media_health(box.settings)
    offered = answer.get("addresses") if answer else None
    if not isinstance(offered, list):
        return  # the media server does not answer, which its own check says
    if address in offered:
        yield ok(f"The media server offers {address} to guests from the Internet.")
    else:
        yield warning(
            f"{name} leads to {address}, which the media server does not offer (yet).",
            "It looks every few minutes. If this stays so, look at its log, rtc.log.",
        )


def _through_the_router(box: Box, address: str) -> Iterator[Finding]:
    ports = box.settings.ports
    forwarded = f"{ports.https}/tcp, {ports.turn}/udp, {ports.turn}/tcp and {ports.media}/udp"
    if health.turn_answers(box.settings, host=address, timeout_s=_HAIRPIN_WITHIN_S):
        yield ok(f"coturn answers at {address}: the router forwards {ports.turn}/udp, also from inside.")
    else:
        yield note(
            f"Whether the router forwards {forwarded} to this machine cannot be seen from inside, as many routers lead "
            f"nobody back. Try {box.settings.origin} and a visit with a telephone that is not in the clinic's network."
        )


def _is_inner(address: str) -> bool:
    known = ipaddress.ip_address(address)
    if known.version == 6:
        return known.is_link_local or known.is_loopback or known in ipaddress.ip_network("fc00::/7")
    return any(known in network for network in _INNER)
