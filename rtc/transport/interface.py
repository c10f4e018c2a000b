"""What the rooms see of media: legs to open, sources that arrive on them, and routes from a source to a leg.

``rtc.transport.server.MediaServer`` fulfils this with the UDP port, ICE-lite, DTLS and a data plane; ``rtc.rooms``
and ``rtc.signalling`` know only what stands here. All calls are made on the event loop and none of them blocks.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class MediaKind(enum.StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True)
class Candidate:
    """One address at which the media port is reached; *priority* as in RFC 8445, 5.1.2."""

    address: str
    port: int
    priority: int
    kind: str  # "host" or "srflx"


@dataclass(frozen=True)
class LocalParameters:
    """What the server's SDP says of one leg. *fingerprint* is SHA-256 as ``AB:CD:…``."""

    ice_ufrag: str
    ice_pwd: str
    fingerprint: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class RemoteParameters:
    """What the browser's SDP says of one leg. *fingerprints* are (hash name in lower case, ``AB:CD:…``) pairs.

    The browser always opens the handshake: the server answers ``passive`` on publish and offers ``actpass`` on
    subscribe, to which browsers answer ``active`` (RFC 8842, 5.3); the SDP layer refuses anything else.
    """

    ice_ufrag: str
    ice_pwd: str
    fingerprints: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Codec:
    """A payload type as negotiated on one leg. *feedback* holds rtcp-fb values, as ``nack pli``."""

    payload_type: int
    name: str  # "VP8", "opus"
    clock_rate: int
    channels: int = 1
    parameters: str = ""  # the a=fmtp value
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True)
class IncomingTrack:
    """A track that a browser publishes. *extensions* maps a header extension's URI to its id on this leg.

    *ssrcs* are those the SDP names, perhaps none: then the source is found by its MID extension (RFC 8843, 9.2).
    """

    mid: str
    kind: MediaKind
    codecs: tuple[Codec, ...]
    extensions: tuple[tuple[str, int], ...] = ()
    ssrcs: tuple[int, ...] = ()


@dataclass(frozen=True)
class OutgoingTrack:
    """A track as one viewer receives it. The server has chosen *ssrc*; *codecs* pair with the source's by name."""

    mid: str
    kind: MediaKind
    ssrc: int
    cname: str
    codecs: tuple[Codec, ...]
    extensions: tuple[tuple[str, int], ...] = ()


class LegObserver(Protocol):
    """Told by a leg what happens to it. Called on the event loop."""

    def leg_connected(self) -> None:
        """DTLS is complete and the fingerprint was the signalled one: media may flow."""

    def leg_silent(self, silent: bool) -> None:
        """No authenticated packet for 5 s (true), or one again (false)."""

    def leg_failed(self, why: str) -> None:
        """Consent has expired (RFC 7675, 30 s) or DTLS was refused. The leg is closed."""


class Source(Protocol):
    """Media that arrives on one leg."""

    def audio_level(self) -> int | None:
        """Latest level in -dBov from RFC 6464 (0 loudest, 127 silence); None if none came within 1 s."""

    def request_keyframe(self) -> None:
        """Ask the sender for a picture from which decoding can start; coalesced to one a second."""

    def close(self) -> None:
        """No more packets are taken from it; its routes end."""


class Route(Protocol):
    """One source as one viewer receives it."""

    def close(self) -> None: ...


class Leg(Protocol):
    """One peer connection of one participant."""

    @property
    def local(self) -> LocalParameters: ...

    @property
    def connected(self) -> bool: ...

    def accept(self, remote: RemoteParameters) -> None:
        """Take the browser's credentials: DTLS may begin, and only its checks count. Again after an ICE restart.

        Checks with our password are answered before, as they may overtake the browser's description.
        A changed fingerprint on a leg that has begun DTLS raises core.errors.Invalid: open a new leg for it.
        """

    def restart_ice(self) -> LocalParameters:
        """New credentials of ours; the old ones stay good until a check with the new ones has succeeded."""

    def receive(self, track: IncomingTrack) -> Source:
        """Take in what the browser sends as *track*.

        Again for the same mid and kind: takes over what changed, and returns the same source with its routes.
        Source and route are good until closed; closing one twice, or after its leg, is harmless.
        """

    def send(self, source: Source, track: OutgoingTrack) -> Route:
        """Forward *source* (of another leg) to this one as *track*; asks for a keyframe when it can flow."""

    def close(self) -> None:
        """End it: DTLS close_notify, then no packet in or out."""


class Media(Protocol):
    """The media port of this process."""

    def open_leg(self, observer: LegObserver) -> Leg:
        """A leg with fresh ICE credentials. Unavailable if the process is full."""

    def candidates(self) -> Sequence[Candidate]: ...

    async def close(self) -> None: ...
