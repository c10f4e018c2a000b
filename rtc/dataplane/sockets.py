"""The UDP sockets of the media port: one for each address, so that an answer leaves from where it was asked."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import ExitStack

BUFFER_BYTES = 4 << 20  # a flood of junk must not push media out; the kernel may grant less
PORT_ATTEMPTS = 20


def open_sockets(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Non-blocking sockets on *port* of each of *addresses*. Port 0: one that is free on all. Raises OSError."""
    for attempt in range(1, PORT_ATTEMPTS + 1):
        with ExitStack() as opened:
            sockets: list[socket.socket] = []
            try:
                for address in addresses:
                    chosen = sockets[0].getsockname()[1] if sockets else port
                    sockets.append(opened.enter_context(_open(address, chosen)))
            except OSError as error:
                if port == 0 and error.errno == errno.EADDRINUSE and attempt < PORT_ATTEMPTS:
                    continue
                raise
            opened.pop_all()
            return sockets
    raise AssertionError("The last attempt returns or raises.")


def _open(address: str, port: int) -> socket.socket:
    version = ipaddress.ip_address(address.partition("%")[0]).version
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # getaddrinfo knows the scope of a link-local address.
        opened.bind(socket.getaddrinfo(address, port, family, socket.SOCK_DGRAM, 0, socket.AI_NUMERICHOST)[0][4])
    except OSError:
        opened.close()
        raise
    return opened
