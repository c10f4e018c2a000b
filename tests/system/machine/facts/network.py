"""Who listens, and what a neighbour reaches."""

from __future__ import annotations

from tests.system.machine.facts.fact import Fact, equal, fact, none
from tests.system.machine.look import Look

OURS = {
    ("tcp", 443): ("nginx", "the site, and TURN over TLS"),
    ("tcp", 80): ("nginx", "the way to the secure site"),
    ("tcp", 3478): ("turnserver", "TURN over TCP"),
    ("udp", 3478): ("turnserver", "TURN"),
    ("udp", 3480): ("python", "all media"),
}
CLOSED = {
    5349: "TURN's own TLS port",
    5432: "PostgreSQL",
    5766: "coturn's console",
    8000: "gunicorn's usual port",
    8080: "coturn's web page",
    8443: "a demonstration",
    9001: "supervisord's web page",
    9641: "coturn's counters",
}


def _who(look: Look, transport: str, number: int) -> set[str]:
    return {port.program for port in look.ports if (port.transport, port.number) == (transport, number)}


def _listens(transport: str, number: int, program: str, what: str) -> Fact:
    return fact(
        f"{number}/{transport} is {program}'s: {what}",
        lambda look: bool(found := _who(look, transport, number)) and all(p.startswith(program) for p in found),
        lambda look: _who(look, transport, number),
    )


def _others(look: Look) -> list[str]:
    return [
        f"{port.program} on {port.address}:{port.number}/{port.transport}"
        for port in look.ports
        if not port.on_loopback and (port.transport, port.number) not in OURS
    ]


def _turn_answers(look: Look) -> str:
    """A STUN binding request (RFC 8489, 6) and the type of the answer, from the neighbour."""
    program = (
        "import socket,struct;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.settimeout(3);"
        "s.sendto(struct.pack('!HHI12s',1,0,0x2112A442,b'twelve-bytes'),('192.0.2.1',3478));"
        "print(s.recv(500)[:2].hex())"
    )
    return look.at_guest("python3", "-c", program).strip()


FACTS: tuple[Fact, ...] = (
    *(_listens(transport, number, *rest) for (transport, number), rest in OURS.items()),
    none("nothing else listens where others could reach it", _others),
    none(
        "on the loopback address, too, only coturn listens",
        lambda look: [p for p in look.ports if p.on_loopback and p.program != "turnserver"],
    ),
    none(
        "the database listens on no port",
        lambda look: [port for port in look.ports if port.program.startswith("postgres")],
    ),
    fact("a neighbour reaches the site", lambda look: look.reaches(443)),
    fact("a neighbour reaches the way to it", lambda look: look.reaches(80)),
    fact("a neighbour reaches TURN over TCP", lambda look: look.reaches(3478)),
    equal("a neighbour's question to TURN over UDP is answered", _turn_answers, "0101"),
    *(
        fact(f"a neighbour does not reach {number}: {what}", lambda look, n=number: not look.reaches(n))  # type: ignore[misc]
        for number, what in CLOSED.items()
    ),
)
