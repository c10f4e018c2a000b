"""Nobody is locked out by our rules."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import psutil

from core.errors import Refused
from core.settings import Settings

_SERVERS = ("sshd", "dropbear")


def ssh_ports() -> tuple[int, ...]:
    """TCP ports that SSH listens on, and that it serves whoever runs this by."""
    listening = _own_ports(_named(psutil.process_iter()), psutil.CONN_LISTEN)
    # systemd may hold the socket itself, and hand over connections only.
    serving = _own_ports(_named(psutil.Process().parents()), psutil.CONN_ESTABLISHED)
    return tuple(sorted(listening | serving))


def shut_out(settings: Settings, ports: Iterable[int]) -> tuple[int, ...]:
    """Which of *ports* the rules would close."""
    if not settings.firewall.incoming:
        return ()
    opened = {*settings.firewall.ssh_ports, settings.ports.http, settings.ports.https, settings.ports.turn}
    opened |= {int(port.partition("/")[0]) for port in settings.firewall.open_ports if port.endswith("/tcp")}
    return tuple(port for port in ports if port not in opened)


def refuse_to_lock_out(settings: Settings) -> None:
    """Refused if loading the rules would close a port by which this machine is administered."""
    closed = shut_out(settings, ssh_ports())
    if closed:
        ports = ", ".join(map(str, closed))
        raise Refused(
            f"SSH is on port {ports}, which the firewall would close: nothing was changed. Add {ports} to "
            "firewall.ssh_ports, run “wellhouse configure”, and load it again."
        )


def _named(processes: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.name().startswith(_SERVERS):
                yield process


def _own_ports(processes: Iterable[psutil.Process], status: str) -> set[int]:
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            connections = process.net_connections(kind="tcp")
            found |= {connection.laddr.port for connection in connections if connection.status == status}
    return found
