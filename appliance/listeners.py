"""Which processes listen on a port, as the kernel tells it.

Standard library only: the installation asks this before it has brought anything to the machine.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_LISTEN = "0A"  # the kernel's number of the state (net/tcp_states.h), as /proc/net/tcp writes it
_ESTABLISHED = "01"


class Transport(enum.StrEnum):
    TCP = "tcp"
    UDP = "udp"


def listening(number: int, transport: Transport) -> list[int]:
    """Ids of the processes that listen on the port, as far as this account may see them."""
    state = _LISTEN if transport is Transport.TCP else None
    return _owners({inode for port, inode in _sockets(transport, state) if port == number})


def listening_ports(pids: Iterable[int]) -> set[int]:
    """TCP ports that the processes *pids* listen on."""
    return _ports_of(pids, _LISTEN)


def connected_ports(pids: Iterable[int]) -> set[int]:
    """Own ports of the TCP connections that the processes *pids* hold."""
    return _ports_of(pids, _ESTABLISHED)


def named(name: str) -> list[int]:
    """Ids of the processes whose program is *name*."""
    return [pid for pid in _processes() if name_of(pid) == name]


def name_of(pid: int) -> str:
    """Name of the program that *pid* runs; empty if it has ended."""
    try:
        return (_PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def ancestors(pid: int) -> Iterator[int]:
    """The processes above *pid*, the nearest first."""
    while pid := _parent(pid):
        yield pid


def described(pids: Iterable[int]) -> str:
    """Names and ids of *pids*, for a person who has to stop them."""
    names = [f"{name} (process {pid})" for pid in pids if (name := name_of(pid))]
    return " and ".join(names) or "a process of another account (sudo ss -lntup names it)"


def with_ancestors(pids: Iterable[int]) -> set[int]:
    """*pids* and every process above them: a part's children listen on its behalf."""
    found = set(pids)
    for pid in tuple(found):
        found.update(ancestors(pid))
    return found


def _parent(pid: int) -> int:
    try:
        status = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(status.rpartition(")")[2].split()[1])  # a program's name may hold spaces and brackets


def _ports_of(pids: Iterable[int], state: str) -> set[int]:
    wanted = {inode for pid in pids for inode in _inodes(pid)}
    return {port for port, inode in _sockets(Transport.TCP, state) if inode in wanted}


def _sockets(transport: Transport, state: str | None) -> Iterator[tuple[int, str]]:
    """Own port and inode of each socket of this machine; *state* None is any."""
    for version in ("", "6"):
        try:
            lines = (_PROC / "net" / f"{transport}{version}").read_text().splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for line in lines:
            _, local, _, found, *rest = line.split()
            if state in (None, found):
                yield int(local.rpartition(":")[2], 16), rest[5]


def _owners(inodes: set[str]) -> list[int]:
    return [pid for pid in _processes() if inodes and not inodes.isdisjoint(_inodes(pid))]


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in sorted(_PROC.iterdir()) if entry.name.isdigit())


def _inodes(pid: int) -> Iterator[str]:
    """Inodes of the sockets that *pid* holds; none of a process that belongs to somebody else."""
    try:
        for descriptor in (_PROC / str(pid) / "fd").iterdir():
            try:
                leads_to = str(descriptor.readlink())
            except FileNotFoundError:
                continue  # closed while we looked
            if leads_to.startswith("socket:["):
                yield leads_to[len("socket:[") : -1]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return
