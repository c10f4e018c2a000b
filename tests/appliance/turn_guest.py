"""A guest of the TURN server, in as few lines as show whom it relays to: STUN messages are aioice's."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aioice import stun

from core.addresses import LOOPBACK

UDP = 0x11000000  # REQUESTED-TRANSPORT, RFC 8656, 18.7
TCP = 0x06000000

# Where nobody may be relayed: loopback, the machine's and the clinic's networks, link-local with cloud metadata, the
# Internet, multicast, and the ways in which IPv6 spells IPv4.
FOREIGN = [
    "127.0.0.1",
    "127.0.0.53",
    "0.0.0.0",  # noqa: S104  # what is asked for, not bound
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.2",
    "169.254.169.254",
    "100.64.0.1",
    "8.8.8.8",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.9",
    "::ffff:10.0.0.5",
    "::7f00:9",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:5",
    "fe80::1",
    "fd00::5",
    "2001:db8::1",
    "2002:7f00:1::",
    "ff02::1",
]


@dataclass
class Guest:
    """Talks to coturn at *host* over UDP as somebody with this credential.

    Calls answer with an error code, 0 for success.
    """

    port: int
    username: str
    password: str
    host: str = LOOPBACK
    lifetime_s: int = 0
    _socket: socket.socket = field(init=False)
    _realm: str = ""
    _nonce: bytes = b""

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(5)
        self._socket.connect((self.host, self.port))
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        if self.lifetime_s:
            self._ask(stun.Method.REFRESH, {"LIFETIME": 0})  # gives the place back
        self._socket.close()

    @property
    def local_port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def allocate(self, transport: int = UDP) -> int:
        answer = self._ask(stun.Method.ALLOCATE, {"REQUESTED-TRANSPORT": transport, "LIFETIME": 600})
        self.lifetime_s = answer.attributes.get("LIFETIME", 0)
        return self._code(answer)

    def permit(self, address: str, port: int) -> int:
        """Ask for leave to exchange datagrams with a peer."""
        return self._code(self._ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (address, port)}))

    def bind(self, address: str, port: int, channel: int = 0x4000) -> int:
        """Ask for a channel to a peer."""
        wish = {"CHANNEL-NUMBER": channel, "XOR-PEER-ADDRESS": (address, port)}
        return self._code(self._ask(stun.Method.CHANNEL_BIND, wish))

    def send(self, address: str, port: int, data: bytes) -> None:
        """Have *data* sent to a peer; nothing tells whether it was."""
        message = stun.Message(stun.Method.SEND, stun.Class.INDICATION)
        message.attributes["XOR-PEER-ADDRESS"] = (address, port)
        message.attributes["DATA"] = data
        self._socket.send(bytes(message))

    def receive(self) -> bytes:
        """The next datagram that is no answer: what a peer sent, in its TURN envelope."""
        return self._socket.recv(2048)

    def _ask(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        answer = self._once(method, attributes)
        if self._code(answer) in (401, 438) and "NONCE" in answer.attributes:  # the way in, or a nonce that ran out
            self._realm, self._nonce = answer.attributes["REALM"], answer.attributes["NONCE"]
            answer = self._once(method, attributes)
        return answer

    def _once(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        message = stun.Message(method, stun.Class.REQUEST)
        message.attributes.update(attributes)
        if self._realm:
            message.attributes.update({"USERNAME": self.username, "REALM": self._realm, "NONCE": self._nonce})
            message.add_message_integrity(_long_term_key(self.username, self._realm, self.password))
        self._socket.send(bytes(message))
        while True:
            answer = stun.parse_message(self._socket.recv(2048))
            if answer.transaction_id == message.transaction_id:
                return answer

    @staticmethod
    def _code(answer: stun.Message) -> int:
        code: int = answer.attributes["ERROR-CODE"][0] if answer.message_class is stun.Class.ERROR else 0
        return code


def _long_term_key(username: str, realm: str, password: str) -> bytes:
    # RFC 8489, 9.2.2: the protocol says MD5
    return hashlib.md5(f"{username}:{realm}:{password}".encode(), usedforsecurity=False).digest()
