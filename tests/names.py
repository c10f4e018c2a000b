"""A small name server: answers what it was given, for as long as it is told to be good.

``python -m tests.names ADDRESS FILE`` serves a JSON file of {name: [[addresses], ttl_s]}, read anew for each question.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.asyncresolver import Resolver

Records = Mapping[str, tuple[list[str], int]]


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, records: Callable[[], Records]) -> None:
        self._records = records
        self.asked = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, sender: Any) -> None:
        self.asked += 1
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        known = self._records().get(name)
        if known is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A:
            addresses, ttl_s = known
            response.answer.append(dns.rrset.from_text(question.name, ttl_s, "IN", "A", *addresses))
        self._transport.sendto(response.to_wire(), sender)


@asynccontextmanager
async def name_server(records: Records) -> AsyncIterator[tuple[NameServer, Callable[[], Resolver]]]:
    """A name server on loopback, and how to ask it."""
    server = NameServer(lambda: records)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )

    def ask() -> Resolver:
        made = Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
        return made

    try:
        yield server, ask
    finally:
        transport.close()


async def _serve(address: str, file: Path) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(
        lambda: NameServer(lambda: json.loads(file.read_text())), local_addr=(address, 53)
    )
    print("ready", flush=True)  # noqa: T201  # whoever started this waits for it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2])))
