"""Where the media port is reached, as ICE candidates (RFC 8445, 5.1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import psutil

from rtc.transport.interface import Candidate

HOST_PREFERENCE = 126  # RFC 8445, 5.1.2.2
SERVER_REFLEXIVE_PREFERENCE = 100
COMPONENT = 1  # RTP and RTCP share it


def own_addresses() -> tuple[str, ...]:
    """The addresses of this machine's interfaces that others can use; loopback if it has no other."""
    found: list[str] = []
    for entries in psutil.net_if_addrs().values():
        for entry in entries:
            try:
                address = ipaddress.ip_address(entry.address)
            except ValueError:
                continue  # a hardware address, or one with a scope, which is link-local
            if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                found.append(str(address))
    return tuple(dict.fromkeys(found)) or ("127.0.0.1",)


def make_candidates(addresses: Sequence[str], port: int, public_address: str) -> tuple[Candidate, ...]:
    """A host candidate for each of *addresses*, the first preferred, and a server-reflexive *public_address*.

    The router forwards the same *port* there. An empty *public_address*, or one that is ours, adds nothing.
    """
    candidates = [
        Candidate(address, port, _priority(HOST_PREFERENCE, order), "host") for order, address in enumerate(addresses)
    ]
    if public_address and public_address not in addresses:
        candidates.append(Candidate(public_address, port, _priority(SERVER_REFLEXIVE_PREFERENCE, 0), "srflx"))
    return tuple(candidates)


def _priority(preference: int, order: int) -> int:
    return preference << 24 | (65535 - order) << 8 | (256 - COMPONENT)
