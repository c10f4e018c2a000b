"""The clinic's address on the Internet, where it is given as a name because the line's address changes.

Asked of the DNS itself: the machine's own table of hosts often leads the clinic's name to the machine (Debian writes
127.0.1.1 there). No third party is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.rdatatype
from dns.asyncresolver import Resolver

from core.log import EventLog

log = EventLog(__name__)

# A name is looked up again when its answer has expired (its time to live), within these bounds.
LOOK_AT_MOST_EVERY_S = 20.0
LOOK_AT_LEAST_EVERY_S = 300.0  # an answer that may be kept for a day must not keep guests out for a day
ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True)
class Answer:
    """IPv4 addresses of a name (only those lie behind routers that forward ports), and for how long they are good."""

    addresses: tuple[str, ...]
    ttl_s: float


class Unknown(Exception):
    """The name has no address now, or no name server answers; the text says which."""


async def follow(name: str, take: Callable[[str], None], ask: Callable[[], Resolver]) -> None:
    """Resolve *name* again and again, until cancelled; *take* is given each new address.

    *ask* makes the resolver for each look, as the machine's own name server may change with its network.
    """
    known = ""
    while True:
        wait_s = LOOK_AT_MOST_EVERY_S
        try:
            answer = await look_up(name, ask())
        except Unknown as e:
            log.warning("public_address.unknown", why=str(e))
        else:
            wait_s = min(max(answer.ttl_s, LOOK_AT_MOST_EVERY_S), LOOK_AT_LEAST_EVERY_S)
            if known not in answer.addresses:  # of several, the one that is offered is kept while it is good
                known = answer.addresses[0]
                log.info("public_address.changed")
                take(known)
        await asyncio.sleep(wait_s)


async def look_up(name: str, resolver: Resolver) -> Answer:
    """The addresses of *name*; Unknown if there are none."""
    try:
        found = await resolver.resolve(name, dns.rdatatype.A, lifetime=ANSWER_WITHIN_S, search=False)
    except dns.exception.DNSException as e:
        raise Unknown(str(e)) from e
    return Answer(tuple(str(record) for record in found), found.chaining_result.minimum_ttl)


def resolver(server: str) -> Resolver:
    """Asks *server*, an address, or the machine's own name servers if that is empty. Unknown if it has none."""
    try:
        made = dns.asyncresolver.Resolver(configure=not server)
    except dns.exception.DNSException as e:
        raise Unknown(str(e)) from e
    if server:
        made.nameservers = [server]
    return made
