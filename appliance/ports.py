"""The ports that the appliance needs: whether each is free, and who has it if not."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from appliance.listeners import Transport, described, listening
from core.errors import Refused
from core.settings import Ports


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
    return listening(port.number, port.transport)


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
