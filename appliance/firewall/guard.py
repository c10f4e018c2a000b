"""Nobody is locked out by our rules."""

from __future__ import annotations

from collections.abc import Iterable

from appliance import ssh
from core.errors import Refused
from core.settings import Settings


def shut_out(settings: Settings, ports: Iterable[int]) -> tuple[int, ...]:
    """Which of *ports* the rules would close."""
    if not settings.firewall.incoming:
        return ()
    opened = {*settings.firewall.ssh_ports, settings.ports.http, settings.ports.https, settings.ports.turn}
    opened |= {int(port.partition("/")[0]) for port in settings.firewall.open_ports if port.endswith("/tcp")}
    return tuple(port for port in ports if port not in opened)


def refuse_to_lock_out(settings: Settings) -> None:
    """Refused if loading the rules would close a port by which this machine is administered."""
    closed = shut_out(settings, ssh.of_this_session())
    if closed:
        ports = ", ".join(map(str, closed))
        raise Refused(
            f"SSH is on port {ports}, which the firewall would close: nothing was changed. Add {ports} to "
            "firewall.ssh_ports, run “wellhouse configure”, and load it again."
        )
