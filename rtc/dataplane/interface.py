"""The narrow interface between the packet path and everything that decides.

Downward, `Engine`: which address is which leg, keys, which SSRC is which source, and routes. Upward, `Upward`: STUN,
DTLS and opened RTCP, and what a packet tells for the first time. Legs, sources and routes are small numbers, so that
an engine in another language can fill the same interface. Times are seconds on one steady clock.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rtc.dataplane.srtp_keys import LegKeys
from rtc.media.reception import ReceptionState

SocketAddress = tuple[str, int] | tuple[str, int, int, int]

DATAGRAM_MOST = 1500  # octets; longer ones are no media of a browser
SSRCS_MOST = 16  # of one leg


class Path(NamedTuple):
    """One of our sockets, by number, and the address at the other end, as the socket names it."""

    socket: int
    remote: SocketAddress


@dataclass(frozen=True)
class SourceSettings:
    """*clock_rate* in Hz. *level_extension* is the id of RFC 6464's header extension. *stored_packets*: 0 or 2**n."""

    clock_rate: int
    vp8_payload_types: frozenset[int] = frozenset()
    level_extension: int | None = None
    stored_packets: int = 0


@dataclass(frozen=True)
class RouteSettings:
    """How packets are rewritten: payload types and extension ids as (in, out) pairs; what has no pair is not sent.

    *mid* is (extension id, value), written into every packet. *from_keyframe*: nothing is sent before one.
    *first_index* is the sequence number of the first packet.
    """

    ssrc: int
    payload_types: tuple[tuple[int, int], ...]
    extensions: tuple[tuple[int, int], ...] = ()
    mid: tuple[int, bytes] | None = None
    from_keyframe: bool = False
    first_index: int = 1 << 10


class SourceCounters(NamedTuple):
    """*reception* is None before the first packet. *level* in -dBov as heard at *level_at*."""

    reception: ReceptionState | None
    level: int | None
    level_at: float


class RouteCounters(NamedTuple):
    """What was sent, without retransmissions. *timestamp_offset*: add it to the source's timestamps."""

    packets: int
    octets: int
    timestamp_offset: int
    started: bool


class LegCounters(NamedTuple):
    """*heard_at*: the last authentic SRTP or SRTCP packet. *dropped*: over a limit, forged or not understood."""

    heard_at: float
    received: int
    dropped: int
    sent: int


class Upward(Protocol):
    """What the engine hands to those who decide. Called on the event loop; what is raised is contained there."""

    def stun(self, path: Path, datagram: bytes, at: float) -> None:
        """A datagram with STUN's first bits, cookie and at least 20 octets: nothing about it is checked."""

    def dtls(self, leg: int, path: Path, datagram: bytes, at: float) -> None:
        """A DTLS datagram from an accepted path of *leg*."""

    def rtcp(self, leg: int, compound: bytes, at: float) -> None:
        """An authentic compound, opened, seen for the first time."""

    def new_ssrc(self, leg: int, ssrc: int, payload_type: int, mid: str | None) -> None:
        """An authentic packet of an SSRC that is bound to no source. Bind it, or it is dropped."""

    def keyframe(self, leg: int, source: int) -> None:
        """The source has begun a picture that decodes by itself."""


class Engine(Protocol):
    """The packet path."""

    def send(self, path: Path, datagram: bytes) -> None:
        """Send STUN or DTLS as it is. What the network does not take is lost."""

    def add_socket(self, opened: socket.socket) -> int:
        """Receive and send over *opened*, too, which is the engine's from now on; its number in paths."""

    def close_socket(self, number: int) -> None:
        """Nothing comes or goes over it any more; its number is not given again."""

    def open_leg(self, leg: int) -> None: ...

    def close_leg(self, leg: int) -> None:
        """Forget it with its sources, its routes and the routes to it."""

    def set_paths(self, leg: int, accepted: Collection[Path], send_to: Path | None) -> None:
        """Take DTLS and SRTP of *leg* from *accepted* only, of which none is another leg's; send media to *send_to*."""

    def set_keys(self, leg: int, keys: LegKeys) -> None:
        """SRTP keys of *leg*; once."""

    def set_mid_extension(self, leg: int, number: int) -> None:
        """The id of the MID header extension in what *leg* sends."""

    def open_source(self, leg: int, source: int, settings: SourceSettings) -> None: ...

    def change_source(self, source: int, settings: SourceSettings) -> None: ...

    def bind(self, source: int, ssrc: int) -> bool:
        """Packets of *ssrc* on the source's leg are of *source* from now on. False past SSRCS_MOST."""

    def close_source(self, source: int) -> None:
        """Forget it with its routes."""

    def open_route(self, route: int, source: int, leg: int, settings: RouteSettings) -> None:
        """Send *source* to *leg*. An SSRC that *leg* was sent before goes on after its last number, as under one
        key no two packets may have the same index (RFC 3711, 9.1; RFC 7714, 8.4)."""

    def change_route(self, route: int, settings: RouteSettings) -> None:
        """Take over payload types, extensions and MID of *settings*; the SSRC and its numbers stay."""

    def close_route(self, route: int) -> None: ...

    def send_rtcp(self, leg: int, compound: bytes) -> None: ...

    def resend(self, route: int, sequences: Sequence[int]) -> list[int]:
        """Send again what is still kept; the source's sequence numbers of what never came, and lately should have."""

    def source_counters(self, source: int) -> SourceCounters: ...

    def route_counters(self, route: int) -> RouteCounters: ...

    def leg_counters(self, leg: int) -> LegCounters: ...

    def refill(self, elapsed_s: float) -> None:
        """Let *elapsed_s* more seconds' worth of packets pass each leg's limits. Call about ten times a second."""

    def close(self) -> None:
        """Close the sockets. Twice is harmless."""
