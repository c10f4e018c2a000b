"""Which settings cannot be used, alone or together, and the sentence that says so."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Invalid

if TYPE_CHECKING:
    from core.settings import Firewall, Ports, Settings

SOCKET_PATH_MAX = 107  # bytes of a unix socket's path on Linux (sun_path holds 108 with its end mark)

# What a path may hold so that nginx, coturn and supervisor all read it alike.
_PATH = re.compile(r"/[^\x00-\x1f\"'\\$%;{}#`*?]*")
_HOSTNAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_OPEN_PORT = re.compile(r"([1-9][0-9]{0,4})/(tcp|udp)")
_EMAIL = re.compile(r"[^@\s-][^@\s]*@[^@\s]+\.[^@\s]+")  # enough to tell an address from none


class SettingError(Invalid):
    """A setting that is unknown or cannot be used; the sentence names it."""


def is_address(name: str) -> bool:
    """Whether *name* is an IPv4 or IPv6 address rather than a host name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def judge(settings: Settings) -> None:
    """SettingError for the first that cannot be used."""

    def require(good: bool, sentence: str) -> None:
        if not good:
            raise SettingError(sentence)

    require(settings.database.engine in ("sqlite", "postgresql"), "database.engine must be sqlite or postgresql.")
    require(
        settings.database.engine == "sqlite" or bool(settings.database.dsn),
        "database.dsn is needed when database.engine is postgresql.",
    )
    require(
        settings.keys.protection in ("tpm2", "passphrase", "file"),
        "keys.protection must be tpm2, passphrase or file.",
    )
    require(5 <= settings.portal.idle_minutes <= 60, "portal.idle_minutes must lie between 5 and 60.")
    require(1 <= settings.portal.session_hours <= 12, "portal.session_hours must lie between 1 and 12.")
    breached = settings.passwords.breached_file
    require(not breached or _PATH.fullmatch(breached) is not None, "passwords.breached_file must start with /.")
    require(settings.mail.security in ("starttls", "tls", "none"), "mail.security must be starttls, tls or none.")
    require(2 <= settings.rtc.participants_max <= 50, "rtc.participants_max must lie between 2 and 50.")
    require(settings.backup.keep_hourly >= 1, "backup.keep_hourly must be at least 1: the newest copy is always kept.")
    for target in settings.backup.targets:
        require(
            _PATH.fullmatch(target) is not None if target.startswith("/") else target.isprintable() and bool(target),
            f"backup.targets holds {target!r}: write a folder with its whole path, or sftp:, s3: or rest: and where, "
            "without line breaks, and a folder also without quotes or any of \\ $ % ; {} # ` * ?",
        )
    foreign = sorted(set(settings.backup.append_only) - set(settings.backup.targets))
    require(not foreign, f"backup.append_only names {foreign[0] if foreign else ''}, which is not in backup.targets.")
    _judge_names(settings)
    _judge_certificates(settings)
    _judge_ports(settings.ports)
    _judge_firewall(settings.firewall)
    for path in fields(settings.paths):
        require(
            _PATH.fullmatch(getattr(settings.paths, path.name)) is not None,
            f"paths.{path.name} must start with / and hold no quotes, line breaks or any of \\ $ % ; {{ }} # ` * ?",
        )
    longest = max(len(bytes(s)) for s in (settings.paths.signalling_socket, settings.paths.control_socket))
    require(
        longest <= SOCKET_PATH_MAX,
        f"paths.run is too long: sockets in it would need {longest} bytes and the system allows {SOCKET_PATH_MAX}.",
    )
    keys, data = Path(settings.paths.keys).resolve(), Path(settings.paths.data).resolve()
    require(not keys.is_relative_to(data), "paths.keys must not lie inside paths.data: a copy of the data would open.")


def _judge_names(settings: Settings) -> None:
    for name in (*settings.names, *filter(None, [settings.site.turn_hostname])):
        if not is_address(name) and _HOSTNAME.fullmatch(name) is None:
            raise SettingError(f"{name!r} in [site] is not a host name (small letters, digits, dots) or an address.")
    rtc = settings.rtc
    if rtc.public_address and not is_address(rtc.public_address) and _HOSTNAME.fullmatch(rtc.public_address) is None:
        raise SettingError(
            f"rtc.public_address must be an address or a name that leads to it, not {rtc.public_address!r}."
        )
    for address in (*rtc.addresses, rtc.relay_address, rtc.public_resolver):
        if address and not is_address(address):
            raise SettingError(f"{address!r} in [rtc] is not an IP address.")


def _judge_certificates(settings: Settings) -> None:
    site, certificates = settings.site, settings.certificates
    if bool(site.certificate) != bool(site.certificate_key):
        raise SettingError("site.certificate and site.certificate_key belong together: give both or neither.")
    if certificates.source not in ("", "acme", "local", "own"):
        raise SettingError("certificates.source must be acme, local or own, or be left out.")
    for file, name in ((site.certificate, "certificate"), (site.certificate_key, "certificate_key")):
        if certificates.source and file and Path(file).parent != settings.paths.certificates:
            raise SettingError(
                f"site.{name} lies outside {settings.paths.certificates}, where a certificate from the source "
                f"{certificates.source} is kept. Leave out site.{name}, or certificates.source."
            )
    if certificates.source != "acme":
        return
    if is_address(site.hostname) or "." not in site.hostname:
        raise SettingError(
            f"certificates.source acme needs a name that the whole Internet knows, and {site.hostname} is none. "
            "Choose local, or another site.hostname."
        )
    if not settings.ports.http:
        raise SettingError("certificates.source acme needs ports.http: the authority looks at the site on port 80.")
    if _EMAIL.fullmatch(certificates.email or settings.mail.alerts_to) is None:
        raise SettingError("certificates.source acme needs certificates.email, an address of clinic IT.")
    if certificates.server and not certificates.server.startswith("https://"):
        raise SettingError("certificates.server must be an address that starts with https://.")


def _judge_ports(ports: Ports) -> None:
    for port in fields(ports):
        number = getattr(ports, port.name)
        lowest = 0 if port.name == "http" else 1
        if not lowest <= number <= 65535:
            raise SettingError(f"ports.{port.name} must lie between {lowest} and 65535, not {number}.")
    if ports.relay_first > ports.relay_last:
        raise SettingError("ports.relay_first must not exceed ports.relay_last.")
    for one, other in (("https", "http"), ("https", "turn"), ("http", "turn"), ("turn", "media")):
        if getattr(ports, one) == getattr(ports, other):
            raise SettingError(
                f"ports.{one} and ports.{other} are both {getattr(ports, one)}: they need different ones."
            )
    for name in ("turn", "media"):
        if ports.relay_first <= getattr(ports, name) <= ports.relay_last:
            raise SettingError(f"ports.{name} lies between ports.relay_first and relay_last, which belong to coturn.")


def _judge_firewall(firewall: Firewall) -> None:
    for number in firewall.ssh_ports:
        if not 1 <= number <= 65535:
            raise SettingError(f"firewall.ssh_ports holds {number}: a port lies between 1 and 65535.")
    for port in firewall.open_ports:
        found = _OPEN_PORT.fullmatch(port)
        if found is None or int(found[1]) > 65535:
            raise SettingError(
                f"firewall.open_ports holds {port!r}: write a port and its kind, as 9100/tcp or 161/udp."
            )
