"""A process of strangers: datagrams that nobody asked for, at a rate, and what comes back for them.

``python -m tests.bench.junk PORT RATE SECONDS FRAGMENT`` writes one line of JSON when it is through.
"""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from aioice import stun

SOCKETS = 32  # as many sources
VARIETIES = 512  # datagrams made beforehand, as making them costs more than sending
SLICE_S = 0.005


@dataclass
class Tally:
    """What went to the server and what came back. *rate_per_s* is the one that this machine could bear."""

    sent: int = 0
    request_bytes: int = 0
    reply_bytes: int = 0
    rate_per_s: float = 0.0


def _check(user: str, password: str) -> bytes:
    message = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={"USERNAME": user, "PRIORITY": 1, "ICE-CONTROLLING": secrets.randbits(64), "USE-CANDIDATE": None},
    )
    if password:
        message.add_message_integrity(password.encode())
    return bytes(message)


def varieties(fragment: str, whims: random.Random) -> list[bytes]:
    """Junk by kinds. *fragment* is our user name fragment of a running call, which an eavesdropper may know."""
    kinds: list[Callable[[], bytes]] = [
        lambda: whims.randbytes(whims.randint(1, 1500)),
        lambda: _check(f"{fragment}:{secrets.token_hex(4)}", "guessed" * 4),
        lambda: _check(f"{fragment}:{secrets.token_hex(4)}", ""),
        lambda: _check(f"{secrets.token_hex(8)}:{secrets.token_hex(4)}", "guessed" * 4),
        lambda: _check(f"{fragment}:x", "guessed" * 4)[: whims.randint(1, 90)],
        lambda: b"\0\1\0\x08\x21\x12\xa4\x42" + whims.randbytes(20),
        lambda: bytes([whims.choice((20, 21, 22, 23))]) + b"\xfe\xfd" + whims.randbytes(whims.randint(1, 300)),
        lambda: bytes([0x80, 111]) + whims.randbytes(whims.randint(1, 1200)),
        lambda: bytes([0x80, whims.choice((200, 201, 203, 205, 206))]) + whims.randbytes(whims.randint(1, 200)),
    ]
    return [kinds[number % len(kinds)]() for number in range(VARIETIES)]


def flood(port: int, rate_per_s: int, seconds: float, fragment: str) -> Tally:
    """Send for *seconds*, evenly, and read what comes back."""
    junk = varieties(fragment, random.Random(1))
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    for opened in sockets:
        opened.setblocking(False)
        opened.connect(("127.0.0.1", port))
    tally = Tally()
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        for number in range(tally.sent, int(passed * rate_per_s)):
            datagram = junk[number % VARIETIES]
            with contextlib.suppress(OSError):  # the other side's buffer is full
                tally.request_bytes += sockets[number % SOCKETS].send(datagram)
            tally.sent += 1
        _read(sockets, tally)
        time.sleep(SLICE_S)
    tally.rate_per_s = round(tally.sent / (time.monotonic() - began))
    time.sleep(0.2)
    _read(sockets, tally)
    return tally


def _read(sockets: list[socket.socket], tally: Tally) -> None:
    for opened in select.select(sockets, [], [], 0)[0]:
        with contextlib.suppress(OSError):
            while True:
                tally.reply_bytes += len(opened.recv(2048))


if __name__ == "__main__":
    told = flood(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
    sys.stdout.write(json.dumps(asdict(told)) + "\n")
