"""The port without encryption, of the site and of the page that is shown while the box is locked."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.configure.programs import find_nginx
from appliance.configure.render import Places, closed_conf, nginx_conf
from core.addresses import LOOPBACK
from tests.appliance.folder import configured, eventually, free_base


@pytest.fixture(params=["site", "closed"])
def plain_port(request: pytest.FixtureRequest, box_root: Path) -> Iterator[int]:
    """Where nginx says the way to the secure site, with nothing behind it."""
    made = configured(box_root)
    settings = replace(made, ports=replace(made.ports, http=free_base()))
    places = Places.of(settings)
    places.closed_run.mkdir()
    nginx = find_nginx()
    run, text = {
        "site": (places.nginx_run, nginx_conf(settings, nginx)),
        "closed": (places.closed_run, closed_conf(settings)),
    }[request.param]
    conf = box_root / "plain.conf"
    conf.write_text(text)
    process = subprocess.Popen([nginx.program, "-e", "stderr", "-p", run, "-c", conf])
    eventually(lambda: _answer(settings.ports.http, "/") != b"")
    yield settings.ports.http
    process.terminate()
    process.wait()


def _answer(port: int, target: str) -> bytes:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=10) as opened:
            opened.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: opened.recv(65536), b""))
    except ConnectionRefusedError:
        return b""


def test_it_sends_people_on_by_the_path_and_without_the_query(plain_port: int) -> None:
    head = _answer(plain_port, "/clients/%C3%A9?token=secret").decode()
    assert head.startswith("HTTP/1.1 301 ")
    location = next(line for line in head.splitlines() if line.startswith("Location: "))
    assert location.startswith("Location: https://localhost:")
    assert location.endswith("/clients/%C3%A9")


def test_a_link_cannot_put_headers_of_its_own_into_the_answer(plain_port: int) -> None:
    for target in ("/a%0d%0aSet-Cookie:%20planted=1", "/%0aSet-Cookie:%20planted=1", "/%0d%0a%0d%0a<script>"):
        head = _answer(plain_port, target).partition(b"\r\n\r\n")[0]
        assert head.startswith(b"HTTP/1.1 301 ")
        assert not [line for line in head.splitlines() if line.lower().startswith((b"set-cookie", b"<script"))]
        assert b"\n" not in head.replace(b"\r\n", b"")
