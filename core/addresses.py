"""Which addresses of this machine carry media: the media server offers them, coturn may reach one of them."""

from __future__ import annotations

import ipaddress
import socket

import psutil

from core.settings import Rtc

LOOPBACK = "127.0.0.1"
# Interfaces that only lead to containers and virtual machines on this box: nobody calls from there.
_INNER = ("docker", "br-", "veth", "virbr", "lxc", "lxd", "cni", "flannel", "podman")


def media_addresses(rtc: Rtc) -> tuple[str, ...]:
    """The configured addresses, or all global and private ones of this machine, IPv4 first; loopback if it has none."""
    return rtc.addresses or interface_addresses() or (LOOPBACK,)


def relay_address(rtc: Rtc) -> str:
    """The one address that coturn may send to."""
    return rtc.relay_address or media_addresses(rtc)[0]


def interface_addresses() -> tuple[str, ...]:
    """IPv4 then IPv6 addresses of interfaces that are up, without loopback, link-local and container bridges."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = []
    for name, entries in psutil.net_if_addrs().items():
        if name not in up or name.startswith(_INNER):
            continue
        for entry in entries:
            if entry.family in (socket.AF_INET, socket.AF_INET6):
                address = ipaddress.ip_address(entry.address.partition("%")[0])
                if not (address.is_loopback or address.is_link_local or address.is_unspecified):
                    found.append(address)
    found.sort(key=lambda address: address.version)  # stable: the machine's own order within a version
    return tuple(dict.fromkeys(str(address) for address in found))
