"""The ports that the appliance needs: whether each is free, and who has it if not."""

from __future__ import annotations

import enum
import errno
import socket
from dataclasses import dataclass

import psutil

from core.errors import Refused
from core.settings import Ports


class Transport(enum.StrEnum):
    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True)
class Needed:
    """A port, the part that listens on it, and the setting that moves it."""

    number: int
    transport: Transport
    part: str
    setting: str


def needed(ports: Ports) -> tuple[Needed, ...]:
    """Every port that a part listens on; the relay range is coturn's to share out."""
    found = (
        Needed(ports.https, Transport.TCP, "nginx", "ports.https"),
        Needed(ports.http, Transport.TCP, "nginx", "ports.http"),
        Needed(ports.turn, Transport.TCP, "coturn", "ports.turn"),
        Needed(ports.turn, Transport.UDP, "coturn", "ports.turn"),
        Needed(ports.media, Transport.UDP, "rtc", "ports.media"),
    )
    return tuple(port for port in found if port.number)


def refuse_if_busy(port: Needed) -> None:
    """Refused says which process holds *port*, or that it takes root."""
    try:
        _try(port)
    except OSError as e:
        if e.errno == errno.EACCES:
            raise Refused(
                f"Port {port.number}/{port.transport} is only for root. Choose another for {port.setting} or use sudo."
            ) from e
        if e.errno != errno.EADDRINUSE:
            raise
        raise Refused(
            f"Port {port.number}/{port.transport}, which {port.part} needs, is held by {described(holders(port))}. "
            f"Stop that, or choose another for {port.setting}."
        ) from e


def holders(port: Needed) -> list[int]:
    """Ids of the processes that listen on *port*, as far as this account may see them."""
    found = []
    for connection in psutil.net_connections(kind=port.transport):
        listening = connection.status == psutil.CONN_LISTEN or port.transport is Transport.UDP
        if listening and connection.laddr and connection.laddr.port == port.number and connection.pid:
            found.append(connection.pid)
    return list(dict.fromkeys(found))


def described(pids: list[int]) -> str:
    """Names and ids of *pids*, for a person who has to stop them."""
    names = []
    for pid in pids:
        try:
            names.append(f"{psutil.Process(pid).name()} (process {pid})")
        except psutil.NoSuchProcess:
            continue
    return " and ".join(names) or "a process of another account (sudo ss -lntup names it)"


def with_ancestors(pids: list[int]) -> set[int]:
    """*pids* and every process above them: a part's children listen on its behalf."""
    found = set(pids)
    for pid in pids:
        try:
            found |= {parent.pid for parent in psutil.Process(pid).parents()}
        except psutil.NoSuchProcess:
            continue
    return found


def _try(port: Needed) -> None:
    kind = socket.SOCK_STREAM if port.transport is Transport.TCP else socket.SOCK_DGRAM
    families = [(socket.AF_INET, "0.0.0.0")]  # noqa: S104  # every address, as the parts do; closed at once
    if has_ipv6():
        families.append((socket.AF_INET6, "::"))
    for family, address in families:
        with socket.socket(family, kind) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if port.transport is Transport.TCP:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger do not count
            probe.bind((address, port.number))


def has_ipv6() -> bool:
    """Whether this machine can listen on IPv6; containers often cannot, and nginx would then refuse to start."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True
