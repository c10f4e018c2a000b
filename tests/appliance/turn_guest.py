"""A guest of the TURN server who tries more than guests do."""

from __future__ import annotations

from dataclasses import dataclass

from aioice import stun

from appliance.turn_guest import TurnGuest

TCP = 0x06000000  # REQUESTED-TRANSPORT, RFC 6062, 5.1

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
class Guest(TurnGuest):
    @property
    def local_port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

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
