"""Stand-ins behind a real nginx: a portal that tells what it was asked, and a signalling socket that echoes."""

from __future__ import annotations

import base64
import hashlib
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

_WEBSOCKET_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class Portal(BaseHTTPRequestHandler):
    """Answers every path with the request as JSON; /live/stream sends one event and then waits for the test."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()
    reached: ClassVar[list[str]] = []  # the paths that got through

    def do_GET(self) -> None:
        self.reached.append(self.path)
        if self.path.startswith("/live/stream"):
            self._stream()
        elif self.path.startswith("/own-headers"):
            self._answer(b"{}", {"Content-Security-Policy": "default-src 'self'", "Referrer-Policy": "same-origin"})
        elif self.path.startswith("/static/"):
            self._answer(b"/* style */\n" * 500, {"Content-Type": "text/css"})
        else:
            asked = {"path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}}
            self._answer(json.dumps(asked).encode(), {"Content-Type": "application/json"})

    def do_POST(self) -> None:
        self.reached.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"{}", {})

    def _answer(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.go_on.wait(20)
        self.wfile.write(b"data: second\n\n")
        self.close_connection = True

    def address_string(self) -> str:
        return "nginx"  # a unix socket has no address, which the base class would look up

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a test says what was wrong."""


class Signalling(BaseHTTPRequestHandler):
    """Opens a websocket and sends back the bytes that come."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.send_header("Connection", self.headers["Connection"])
        accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_MAGIC, usedforsecurity=False).digest())
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self.wfile.write(self.connection.recv(100))
        self.close_connection = True

    address_string = Portal.address_string
    log_message = Portal.log_message


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[Any, Any]:
        connection, _ = super().get_request()
        return connection, ("nginx", 0)


@contextmanager
def serving(socket_file: Path, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    """*handler* listens at *socket_file* inside the block."""
    socket_file.parent.mkdir(exist_ok=True)
    socket_file.unlink(missing_ok=True)
    with _Server(str(socket_file), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            socket_file.unlink()
