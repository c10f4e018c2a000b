"""What the media server tells the portal afterwards: who was in a room, when, and how well it went.

rtc appends these to its spool; the worker pulls them by number (rtc/CONTROL.md). No names, no addresses.
"""

from __future__ import annotations

import enum

import msgspec


class RoomEventKind(enum.StrEnum):
    JOINED = "joined"
    LEFT = "left"
    QUALITY = "quality"
    ROOM_CLOSED = "room_closed"


class LeaveReason(enum.StrEnum):
    LEFT = "left"  # pressed Leave
    LOST = "lost"  # did not come back within the resume time
    REPLACED = "replaced"  # entered again from another tab or device
    REMOVED = "removed"  # the portal ended the right to be there
    ENDED = "ended"  # the visit was ended for everyone
    RESTARTED = "restarted"  # the media server was restarted with the person inside


class RoomEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """*number* grows by one and survives restarts; *at* is Unix seconds.

    For ``quality``: the mean round trip in ms, and the shares of packets lost each way (0 to 1) over *span_s* seconds.
    """

    number: int
    at: float
    kind: RoomEventKind
    room: str
    participant: str = ""
    reason: LeaveReason | None = None
    span_s: float = 0.0
    round_trip_ms: float | None = None
    loss_up: float | None = None
    loss_down: float | None = None


class RoomEventPage(msgspec.Struct, frozen=True):
    """Answer of ``GET /v1/events``: the events after a number, oldest first, and the number to ask after next."""

    events: tuple[RoomEvent, ...]
    next: int
