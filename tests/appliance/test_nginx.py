"""The rendered nginx.conf, run by the real nginx before a stand-in for the portal."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.configure.programs import Nginx, find_nginx
from appliance.configure.render import Places, nginx_conf
from appliance.health import nginx_answers
from core.addresses import LOOPBACK
from core.settings import Settings, parse
from tests.appliance.folder import configured, eventually, free_base
from tests.appliance.standins import Portal, Signalling, serving

NAMES_OF_W3 = {
    "strict-transport-security",
    "x-content-type-options",
    "referrer-policy",
    "content-security-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
}


@dataclass(frozen=True)
class Running:
    settings: Settings
    log: Path

    def open(
        self,
        *,
        name: str = "localhost",
        alpn: str = "http/1.1",
        version: ssl.TLSVersion | None = None,
        source: str = LOOPBACK,
    ) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols([alpn] if alpn else [])
        if version:
            context.maximum_version = version
        return context.wrap_socket(self.connect(source), server_hostname=name)

    def connect(self, source: str = LOOPBACK) -> socket.socket:
        """Not a word yet, from an address of this machine."""
        return socket.create_connection((LOOPBACK, self.settings.ports.https), timeout=10, source_address=(source, 0))

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection("localhost", timeout=10)
        connection.sock = self.open()
        connection.request(method, path, body or None, {"Host": "localhost", **(headers or {})})
        got = connection.getresponse()
        answer = Answer(
            got.status, {name.lower(): value for name, value in got.getheaders()}, got.read(), got.getheaders()
        )
        connection.close()
        return answer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    raw: list[tuple[str, str]]


def _greeting() -> bytes:
    """What a browser says first."""
    ours = ssl.MemoryBIO()
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), ours, server_hostname="localhost").do_handshake()
    return ours.read()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """nginx with the rendered configuration, and nothing behind it."""
    with tempfile.TemporaryDirectory(prefix="wh-") as name:
        root = Path(name)
        settings = configured(root)
        places = Places.of(settings)
        log = root / "nginx.log"
        with log.open("ab") as out:  # two of its logs go there, each at the end
            process = subprocess.Popen(
                [find_nginx().program, "-e", "stderr", "-p", places.nginx_run, "-c", places.nginx_conf],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(lambda: nginx_answers(settings))
            yield Running(settings, log)
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
def portal(nginx: Running) -> Iterator[Running]:
    Portal.go_on.clear()
    with serving(nginx.settings.paths.portal_socket, Portal):
        yield nginx
        Portal.go_on.set()


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"ports": {"https": 8443, "http": 0}},
        {"ports": {"http": 8080}, "site": {"hostname": "192.0.2.7", "other_names": ["fd00::7", "clinic.example"]}},
        {"site": {"hostname": "clinic.example", "turn_hostname": "relay.example"}},
        pytest.param(
            {"users": {"portal": "root", "web": "www-data"}},
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another account"),
        ),
    ],
)
def test_nginx_accepts_what_is_rendered(table: dict[str, dict[str, object]], box_root: Path) -> None:
    base = free_base()
    made = configured(box_root, https_port=base)
    paths = {name: getattr(made.paths, name) for name in ("etc", "data", "keys", "run", "log")}
    ports = {
        "https": base,
        "turn": base + 1,
        "media": base + 2,
        **({"http": base + 3} if not table.get("ports") else {}),
    }
    settings = parse({**table, "paths": paths, "ports": {**ports, **table.get("ports", {})}})
    conf = Path(settings.paths.etc) / "nginx.conf"
    conf.write_text(nginx_conf(settings, find_nginx()))
    told = subprocess.run(
        [find_nginx().program, "-t", "-e", "stderr", "-p", settings.paths.run, "-c", conf],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "test is successful" in told.stderr
    assert told.returncode == 0
    assert "[warn]" not in told.stderr


def test_newer_nginx_gets_http2_as_a_directive() -> None:
    newer = nginx_conf(Settings(), Nginx("nginx", (1, 26, 3), ""))
    older = nginx_conf(Settings(), Nginx("nginx", (1, 22, 1), "/m.so"))
    assert "http2 on;" in newer
    assert "ssl http2" not in newer
    assert "load_module" not in newer
    assert "http2 on;" not in older
    assert 'load_module "/m.so";' in older


def test_the_portal_learns_who_asks_from_nginx_and_never_from_the_visitor(portal: Running) -> None:
    lies = {
        "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Real-IP": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X-Request-ID": "forged",
    }
    heard = json.loads(portal.ask("GET", "/x?q=1", lies).body)["headers"]
    port = portal.settings.ports.https
    assert heard["x-forwarded-for"] == LOOPBACK
    assert heard["x-forwarded-proto"] == "https"
    assert heard["host"] == heard["x-forwarded-host"] == f"localhost:{port}"
    assert heard["x-request-id"] != "forged"
    assert not {"x-forwarded-prefix", "x-real-ip", "forwarded"} & set(heard)
    assert "evil" not in json.dumps(heard)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "169.254.169.254", "LOCALHOST.", "turn.localhost"]
)
def test_another_host_never_reaches_the_portal(portal: Running, host: str) -> None:
    answer = portal.ask("GET", "/x", {"Host": host})
    if host == "LOCALHOST.":  # the same name, written in full
        assert json.loads(answer.body)["headers"]["host"].startswith("localhost:")
    else:
        assert answer.status in (400, 421)
        assert b"headers" not in answer.body


@pytest.mark.parametrize(
    ("request_line", "host"),
    [
        ("GET /x HTTP/1.1\r\n", "Host: localhost\r\nHost: evil.example\r\n"),
        ("GET /x HTTP/1.1\r\n", ""),
        ("GET http://evil.example/x HTTP/1.1\r\n", "Host: localhost\r\n"),
    ],
    ids=["two hosts", "no host", "another host in the request line"],
)
def test_a_request_that_is_vague_about_its_host_never_reaches_the_portal(
    portal: Running, request_line: str, host: str
) -> None:
    with portal.open() as connection:
        connection.sendall(f"{request_line}{host}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.split()[1] in (b"400", b"421")


# Two ideas of where a request ends, as lists of smuggling tricks have them: CL.TE, TE.CL, TE.TE, CL.CL.
LENGTHS = [
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Content-Length: 4\r\nTransfer-Encoding: Chunked\r\n",
    "Content-Length: 4\r\nTransfer-Encoding:\tchunked\r\n",
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding: \x0bchunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding: 'chunked'\r\nContent-Length: 4\r\n",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding\t: chunked\r\nContent-Length: 4\r\n",
    " Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "X: x\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Content-Length: 4\r\nContent-Length: 5\r\n",
    "Content-Length: 4\r\nContent-Length: 4\r\n",
    "Content-Length: 4, 4\r\n",
    "Content-Length: +4\r\n",
    "Content-Length: -4\r\n",
    "Content-Length: 0x4\r\n",
    "Content-Length: 4 5\r\n",
    "Content-Length: 4_0\r\n",
    "Content-Length: 99999999999999999999999\r\n",
]
SECOND = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODIES = {"as chunks": b"0\r\n\r\n", "by length": b"1e\r\n", "chunk with a wrong size": b"fffffffffffffffffffff\r\n"}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_request_with_two_ideas_of_its_length_smuggles_nothing(portal: Running, lengths: str, body: bytes) -> None:
    Portal.reached.clear()
    with portal.open() as connection:
        connection.sendall(f"POST /first HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n".encode() + body + SECOND)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            connection.settimeout(3)
            while more := connection.recv(4096):
                answer += more
    assert answer.split()[1] in (b"400", b"413", b"501"), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1, "the connection goes on"
    assert Portal.reached == []


def test_while_the_portal_is_away_a_page_says_so_and_tries_again(nginx: Running) -> None:
    answer = nginx.ask("GET", "/clients")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["cache-control"] == "no-store"
    assert b"The site is starting" in answer.body
    assert b'http-equiv="refresh"' in answer.body
    assert nginx.ask("POST", "/clients", {"Content-Type": "text/plain"}, b"x").status == 503
    style = nginx.ask("GET", "/wellhouse-pages/page.css")
    assert (style.status, style.headers["content-type"]) == (200, "text/css")
    assert nginx.ask("GET", "/wellhouse-pages/starting.html").status == 404


@pytest.mark.parametrize(
    ("path", "host"), [("/clients", "localhost"), ("/x", "evil.example"), ("/wellhouse-pages/none", "localhost")]
)
def test_every_answer_of_nginx_itself_has_the_security_headers(nginx: Running, path: str, host: str) -> None:
    answer = nginx.ask("GET", path, {"Host": host})
    assert answer.status >= 400
    assert set(answer.headers) >= NAMES_OF_W3
    assert answer.headers["server"] == "nginx"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_the_portal_says_itself_is_neither_doubled_nor_overruled(portal: Running) -> None:
    answer = portal.ask("GET", "/own-headers")
    names = [name.lower() for name, _ in answer.raw]
    assert {name: names.count(name) for name in NAMES_OF_W3} == dict.fromkeys(NAMES_OF_W3, 1)
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_a_form_that_is_too_large_is_refused_in_words(portal: Running) -> None:
    answer = portal.ask("POST", "/x", body=b"x" * (1024 * 1024 + 1))
    assert answer.status == 413
    assert b"too large" in answer.body
    assert set(answer.headers) >= NAMES_OF_W3
    assert portal.ask("POST", "/x", body=b"x" * 1024 * 1024).status == 200


def test_live_notices_arrive_one_by_one(portal: Running) -> None:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = portal.open()
    connection.request("GET", "/live/stream", headers={"Host": "localhost"})
    answer = connection.getresponse()
    assert answer.readline() == b"data: first\n"  # while the portal has not sent the second yet
    assert not Portal.go_on.is_set()
    Portal.go_on.set()
    assert b"data: second\n" in answer.read()
    connection.close()


def test_a_websocket_goes_to_the_media_server_also_while_the_portal_is_away(nginx: Running) -> None:
    with serving(nginx.settings.paths.signalling_socket, Signalling), nginx.open() as connection:
        connection.sendall(
            b"GET /rtc/v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = connection.recv(4096)
        assert head.startswith(b"HTTP/1.1 101")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        connection.sendall(b"to and fro")
        assert connection.recv(100) == b"to and fro"


def test_one_machine_cannot_take_all_places(portal: Running) -> None:
    with ExitStack() as opened:
        many = [opened.enter_context(portal.connect("127.0.0.7")) for _ in range(300)]
        eventually(lambda: sum(was_closed(one) for one in many) == 300 - 256)
        assert portal.ask("GET", "/").status == 200  # from another address


def test_one_machine_cannot_keep_the_media_server_busy_with_new_websockets(nginx: Running) -> None:
    def ask(source: str, times: int) -> list[int]:
        connection = http.client.HTTPConnection("localhost", timeout=10)
        connection.sock = nginx.open(source=source)
        answers = []
        for _ in range(times):
            connection.request("GET", "/rtc/v1", headers={"Host": "localhost"})
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
        connection.close()
        return answers

    answers = ask("127.0.0.8", 300)
    assert set(answers[:150]) == {503}  # handed on, and nobody is there
    assert 429 in answers
    assert ask("127.0.0.9", 1) == [503]


def was_closed(opened: socket.socket) -> bool:
    opened.setblocking(False)
    try:
        return opened.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_styles_are_squeezed_and_pages_are_not(portal: Running) -> None:
    wish = {"Accept-Encoding": "gzip"}
    assert portal.ask("GET", "/static/ui/page.css", wish).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in portal.ask("GET", "/clients", wish).headers


def test_browsers_get_http_2(nginx: Running) -> None:
    with nginx.open(alpn="h2") as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"


def test_tls_1_2_has_authenticated_encryption_only(nginx: Running) -> None:
    with nginx.open(version=ssl.TLSVersion.TLSv1_2) as connection:
        name, version, _bits = connection.cipher() or ("", "", 0)
    assert version == "TLSv1.2"
    assert "GCM" in name or "CHACHA20" in name
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with (
        socket.create_connection((LOOPBACK, nginx.settings.ports.https), timeout=10) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain)


@pytest.mark.parametrize(("name", "alpn"), [("turn.localhost", ""), ("localhost", "stun.turn")])
def test_turn_shares_the_port_by_name_or_by_protocol(nginx: Running, name: str, alpn: str) -> None:
    with socket.create_server((LOOPBACK, nginx.settings.ports.turn)) as relay:
        relay.settimeout(10)
        with nginx.open(name=name, alpn=alpn) as guest:
            guest.sendall(b"to coturn")
            arrived, _ = relay.accept()
            with arrived:
                arrived.settimeout(10)
                assert arrived.recv(100) == b"to coturn"  # without TLS, and without any header before it
                arrived.sendall(b"to the guest")
            assert guest.recv(100) == b"to the guest"


def test_a_connection_without_a_protocol_is_taken_for_a_visitor_of_the_site(portal: Running) -> None:
    with portal.open(alpn="") as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_the_log_holds_no_query_no_secret_of_a_link_and_no_address(portal: Running) -> None:
    portal.ask(
        "GET", "/invitation/5ecre7-in-the-path?token=5ecre7-in-the-query", {"Referer": "https://localhost/5ecre7"}
    )
    portal.ask("GET", "/plain-one-segment")
    eventually(lambda: "/plain-one-segment" in portal.log.read_text())
    log = portal.log.read_text()
    assert '"area":"/invitation"' in log
    assert "5ecre7" not in log
    assert LOOPBACK not in log


def test_a_visitor_who_breaks_off_leaves_no_address_in_the_log(nginx: Running) -> None:
    nginx.ask("GET", "/before-the-break")
    with nginx.connect() as visitor:
        visitor.sendall(_greeting())
        assert visitor.recv(1)
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
    with nginx.open(name="turn.localhost", alpn="") as guest:
        guest.settimeout(10)
        assert guest.recv(100) == b""  # coturn is away
    nginx.ask("GET", "/after-the-break")
    eventually(lambda: "/after-the-break" in nginx.log.read_text())
    assert "client:" not in nginx.log.read_text().split("/before-the-break")[1]


def test_when_the_portal_fails_the_log_still_holds_no_link(nginx: Running) -> None:
    assert nginx.ask("GET", "/invitation/5ecre7-while-away?token=5ecre7").status == 503
    assert nginx.ask("POST", "/5ecre7/5ecre7", body=b"x" * 1100000).status == 413
    nginx.ask("GET", "/away-marker")
    eventually(lambda: "/away-marker" in nginx.log.read_text())
    assert "5ecre7-while-away" not in nginx.log.read_text()
    assert "5ecre7/5ecre7" not in nginx.log.read_text()
