"""The text of the box's nftables rules, made from its settings alone."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from appliance.configure.render import fill
from core.settings import Settings

TABLE = "wellhouse"
PACKETS_MOST = 20_000  # a second from one IPv4 address or IPv6 network of 64 bits
SENDERS_MOST = 65_535  # that are counted; about 200 bytes each


def has_rules(settings: Settings) -> bool:
    """Whether the parts run as accounts of their own, by which alone rules can tell them apart."""
    return bool(settings.users.turn)


def rules_file(settings: Settings) -> Path:
    return Path(settings.paths.etc) / "firewall.nft"


def rules(settings: Settings) -> str:
    """What ``nft -f`` reads."""
    ports, peer = settings.ports, _peer(settings)
    return fill(
        "wellhouse.nft.j2",
        settings=settings,
        table=TABLE,
        peer=peer,
        ssh_ports=settings.firewall.ssh_ports,
        web_ports=[port for port in (ports.http, ports.https) if port],
        site_ports=[port for port in (ports.http, ports.https, ports.turn) if port],
        open_ports=[port.split("/") for port in settings.firewall.open_ports],
        packets_most=PACKETS_MOST,
        senders_most=SENDERS_MOST,
    )


def _peer(settings: Settings) -> str:
    """How a rule names the media server's address.

    One that the settings do not name may change with a lease: then any of this machine's own is meant, of which
    coturn's configuration lets one through.
    """
    address = settings.rtc.relay_address or next(iter(settings.rtc.addresses), "")
    if not address:
        return "fib daddr type local"
    return f"{'ip' if ipaddress.ip_address(address).version == 4 else 'ip6'} daddr {address}"
