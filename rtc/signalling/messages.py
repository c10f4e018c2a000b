"""Every message of rtc/PROTOCOL.md as a typed struct, and the way from and to JSON."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from core.errors import Invalid
from core.room_events import LeaveReason
from rtc.rooms.track import SourceName

VERSION = 1
MESSAGE_BYTES_MAX = 64 * 1024

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]  # what a browser can count exactly
Mid = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]  # as long as the header extension may carry


class Connection(enum.StrEnum):
    """The two peer connections of a participant, seen from the browser."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class ErrorId(enum.StrEnum):
    """Stable ids of the errors; the table in rtc/PROTOCOL.md says what follows each."""

    GRANT_MALFORMED = "grant.malformed"
    GRANT_SIGNATURE = "grant.signature"
    GRANT_EXPIRED = "grant.expired"
    GRANT_USED = "grant.used"
    GRANT_WITHDRAWN = "grant.withdrawn"
    RESUME_UNKNOWN = "resume.unknown"
    ROOM_FULL = "room.full"
    SERVER_FULL = "server.full"
    HELLO_EXPECTED = "hello.expected"
    HELLO_VERSION = "hello.version"
    MESSAGE_MALFORMED = "message.malformed"
    MESSAGE_RATE = "message.rate"
    SDP_REFUSED = "sdp.refused"


class CloseCode(enum.IntEnum):
    """Codes with which the server closes the websocket."""

    LEFT = 1000
    STOPPING = 1001
    TROUBLE = 1011
    SILENT = 4000
    REFUSED = 4001
    REPLACED = 4002
    REMOVED = 4003
    ENDED = 4004
    FLOOD = 4008
    SLOW = 4009


class PublishedTrack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one ``m=`` section of a publish offer carries."""

    mid: Mid
    source: SourceName


class SubscribedTrack(msgspec.Struct, frozen=True):
    """What one ``m=`` section of a subscribe offer carries."""

    mid: str
    participant: str
    source: SourceName


class Person(msgspec.Struct, frozen=True):
    """One of the others, as ``welcome`` shows them."""

    participant: str
    muted: tuple[SourceName, ...]
    sources: tuple[SourceName, ...]
    away: bool


# From the browser


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hello"):
    version: int
    grant: str | None = None
    resume: str | None = None


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="publish"):
    sdp: str
    tracks: tuple[PublishedTrack, ...]


class Subscribed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="subscribed"):
    number: Number
    sdp: str


class Restart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="restart"):
    pass


class Renew(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="renew"):
    """Sent both ways: the sender no longer has this connection."""

    connection: Connection


class Mute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="mute"):
    source: SourceName
    muted: bool


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="quality"):
    """Measures of the last *span_s* seconds; None where the browser cannot tell."""

    span_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    round_trip_ms: Annotated[float, msgspec.Meta(ge=0, le=600_000)] | None = None
    loss_up: Share | None = None
    loss_down: Share | None = None


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ping"):
    number: Number


class Leave(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="leave"):
    pass


FromBrowser = Hello | Publish | Subscribed | Restart | Renew | Mute | Quality | Ping | Leave


# From the server


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    version: int
    room: str
    participant: str
    resumed: bool
    resume: str
    resume_s: int
    people: tuple[Person, ...]


class Published(msgspec.Struct, frozen=True, tag="published"):
    sdp: str


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    number: int
    sdp: str
    tracks: tuple[SubscribedTrack, ...]


class Joined(msgspec.Struct, frozen=True, tag="joined"):
    participant: str


class Left(msgspec.Struct, frozen=True, tag="left"):
    participant: str
    reason: LeaveReason


class Away(msgspec.Struct, frozen=True, tag="away"):
    participant: str


class Back(msgspec.Struct, frozen=True, tag="back"):
    participant: str


class Muted(msgspec.Struct, frozen=True, tag="muted"):
    participant: str
    source: SourceName
    muted: bool


class Speaking(msgspec.Struct, frozen=True, tag="speaking"):
    participants: tuple[str, ...]


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    number: int


class Replaced(msgspec.Struct, frozen=True, tag="replaced"):
    pass


class Removed(msgspec.Struct, frozen=True, tag="removed"):
    pass


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    pass


class Error(msgspec.Struct, frozen=True, tag="error"):
    id: ErrorId
    sentence: str


FromServer = (
    Welcome
    | Published
    | Subscribe
    | Renew
    | Joined
    | Left
    | Away
    | Back
    | Muted
    | Speaking
    | Pong
    | Replaced
    | Removed
    | Ended
    | Error
)

_decoder: msgspec.json.Decoder[FromBrowser] = msgspec.json.Decoder(FromBrowser)
_encoder = msgspec.json.Encoder()


def decode(text: str) -> FromBrowser:
    """The message in *text*; Invalid if it is none of the protocol's, or too long."""
    if len(text.encode("utf-8", "surrogatepass")) > MESSAGE_BYTES_MAX:
        raise Invalid("The message was longer than 64 KiB.")
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as e:  # ValueError: lone surrogates
        raise Invalid("The message was not understood. Please reload the page.") from e


def encode(message: FromServer) -> str:
    """*message* as JSON text for the websocket."""
    return _encoder.encode(message).decode()
