"""Websockets on which nobody has said hello yet: few, and of one host not so many that others find no place."""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from typing import Protocol

HOST_MAX = 64  # a whole clinic behind one address that comes back after a restart
ALL_MAX = 512  # a hello comes within a moment, so that a new one needs the place more than the oldest


class Line(Protocol):
    def cut(self) -> None:
        """End the connection without a word."""


class Doorstep:
    """Whoever comes finds a place. What is too much loses the oldest: the same host's first, then anybody's."""

    def __init__(self) -> None:
        self._lines: OrderedDict[Line, str] = OrderedDict()
        self._of_host: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._lines)

    def enter(self, line: Line, address: str) -> None:
        """*line* has come from *address*."""
        host = _host(address)
        if self._of_host[host] >= HOST_MAX:
            self._cut(next(known for known, of in self._lines.items() if of == host))
        elif len(self._lines) >= ALL_MAX:
            self._cut(next(iter(self._lines)))
        self._lines[line] = host
        self._of_host[host] += 1

    def leave(self, line: Line) -> None:
        """*line* is inside, or gone. Twice is harmless."""
        host = self._lines.pop(line, None)
        if host is not None:
            self._of_host[host] -= 1
            if not self._of_host[host]:
                del self._of_host[host]

    def _cut(self, line: Line) -> None:
        self.leave(line)
        line.cut()


def _host(address: str) -> str:
    """The address, but of IPv6 its first half: a host has all of the other (RFC 8981)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
