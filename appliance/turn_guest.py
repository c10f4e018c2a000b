"""coturn asked as a guest with a good credential would ask: whom does it relay to?"""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aioice import stun

from core.addresses import LOOPBACK

UDP = 0x11000000  # REQUESTED-TRANSPORT, RFC 8656, 18.7
ANSWER_WITHIN_S = 5.0
# An earlier guest had the same port, and coturn has not quite forgotten them: take another (RFC 8656, 7.4).
_PORT_TAKEN = 437


@dataclass
class TurnGuest:
    """Talks to coturn at *host* over UDP. Calls answer with an error code, 0 for success; OSError if nobody answers."""

    port: int
    username: str
    password: str
    host: str = LOOPBACK
    lifetime_s: int = 0
    _socket: socket.socket = field(init=False)
    _realm: str = ""
    _nonce: bytes = b""

    def __enter__(self) -> Self:
        self._socket = self._open()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        with self._socket:
            if self.lifetime_s:
                self._ask(stun.Method.REFRESH, {"LIFETIME": 0})  # gives the place back

    def allocate(self, transport: int = UDP) -> int:
        wish = {"REQUESTED-TRANSPORT": transport, "LIFETIME": 600}
        answer = self._ask(stun.Method.ALLOCATE, wish)
        if self._code(answer) == _PORT_TAKEN:
            self._socket.close()
            self._socket = self._open()
            answer = self._ask(stun.Method.ALLOCATE, wish)
        self.lifetime_s = answer.attributes.get("LIFETIME", 0)
        return self._code(answer)

    def permit(self, address: str, port: int) -> int:
        """Ask for leave to exchange datagrams with a peer."""
        return self._code(self._ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": (address, port)}))

    def _open(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.settimeout(ANSWER_WITHIN_S)
        opened.connect((self.host, self.port))
        return opened

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
