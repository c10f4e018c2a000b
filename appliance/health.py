"""Whether each part really answers, asked the way its users reach it."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

from core.addresses import LOOPBACK
from core.settings import Settings

TIMEOUT_S = 3.0

_STUN_COOKIE = 0x2112A442  # RFC 8489, 5
_BINDING_REQUEST = 0x0001
_BINDING_SUCCESS = 0x0101


def site_answers(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether ``GET /healthz`` through nginx, TLS and the portal's socket is answered with 200."""
    try:
        status, _ = ask_site(settings, "/healthz", timeout_s=timeout_s)
    except (OSError, http.client.HTTPException):
        return False
    return status == http.client.OK


def nginx_answers(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether nginx answers at all, even if only with its page that the portal is starting."""
    try:
        ask_site(settings, "/healthz", timeout_s=timeout_s)
    except (OSError, http.client.HTTPException):
        return False
    return True


def ask_site(settings: Settings, path: str, *, timeout_s: float = TIMEOUT_S) -> tuple[int, bytes]:
    """Status and body of a GET through nginx, over the loopback address but in the site's own name."""
    host = settings.site.hostname
    connection = http.client.HTTPConnection(host)
    with _open_tls(settings, host, timeout_s) as opened:
        connection.sock = opened
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()


def shown_certificate(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> bytes | None:
    """The certificate that the site shows, DER; None if it does not answer."""
    try:
        with _open_tls(settings, settings.site.hostname, timeout_s) as opened:
            return opened.getpeercert(binary_form=True)
    except OSError:
        return None


def portal_answers(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether the portal answers on its own socket."""
    try:
        status, _ = ask_socket(settings.paths.portal_socket, "/healthz", settings.site.hostname, timeout_s=timeout_s)
    except (OSError, http.client.HTTPException):
        return False
    return status == http.client.OK


def media_health(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> dict[str, object] | None:
    """The media server's own words on its health (rtc/CONTROL.md); None if it does not answer."""
    try:
        status, body = ask_socket(settings.paths.control_socket, "/v1/health", "rtc", timeout_s=timeout_s)
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return answer if status == http.client.OK and isinstance(answer, dict) else None


def ask_socket(socket_file: Path, path: str, host: str, *, timeout_s: float = TIMEOUT_S) -> tuple[int, bytes]:
    """Status and body of a GET over a unix socket."""
    connection = http.client.HTTPConnection(host, timeout=timeout_s)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plain:
        plain.settimeout(timeout_s)
        plain.connect(str(socket_file))
        connection.sock = plain
        connection.request("GET", path, headers={"X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def turn_answers(settings: Settings, *, host: str = LOOPBACK, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether coturn answers a STUN binding request over UDP at *host*, an IPv4 address."""
    return _exchange(lambda request: _over_udp(host, settings.ports.turn, request, timeout_s))


def turn_tcp_answers(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether coturn answers a STUN binding request over TCP."""
    return _exchange(lambda request: _over_tcp(settings.ports.turn, request, timeout_s))


def turn_tls_answers(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether coturn answers through the https port, found by the TURN name in the TLS greeting."""
    return _exchange(lambda request: _over_tls(settings, request, timeout_s))


def _exchange(ask: Callable[[bytes], bytes]) -> bool:
    transaction = secrets.token_bytes(12)
    request = struct.pack("!HHI", _BINDING_REQUEST, 0, _STUN_COOKIE) + transaction
    try:
        answer = ask(request)
    except OSError:
        return False
    if len(answer) < 20:
        return False
    kind, _length, cookie = struct.unpack("!HHI", answer[:8])
    return kind == _BINDING_SUCCESS and cookie == _STUN_COOKIE and answer[8:20] == transaction


def _over_udp(host: str, port: int, request: bytes, timeout_s: float) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout_s)
        asking.connect((host, port))
        asking.send(request)
        return asking.recv(2048)


def _over_tcp(port: int, request: bytes, timeout_s: float) -> bytes:
    with socket.create_connection((LOOPBACK, port), timeout=timeout_s) as asking:
        asking.sendall(request)
        return asking.recv(2048)


def _over_tls(settings: Settings, request: bytes, timeout_s: float) -> bytes:
    with _open_tls(settings, settings.turn_tls_name, timeout_s, protocols=()) as asking:
        asking.sendall(request)
        return asking.recv(2048)


def _open_tls(
    settings: Settings, name: str, timeout_s: float, *, protocols: tuple[str, ...] = ("http/1.1",)
) -> ssl.SSLSocket:
    """A TLS connection to the https port under *name*; the caller closes it."""
    context = ssl.create_default_context()
    # We ask this machine itself: the certificate may be self-signed, and is judged by appliance.checks.certificate.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    plain = socket.create_connection((LOOPBACK, settings.ports.https), timeout=timeout_s)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except OSError:
        plain.close()
        raise
