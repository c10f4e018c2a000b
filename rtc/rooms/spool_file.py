"""The spool's file: one JSON object a line, a first line that carries what forgotten events would have said.

Appends are synced to the disk; a rewrite replaces the file in one step. Blocking calls, made in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.log import EventLog
from core.room_events import RoomEvent, RoomEventKind

log = EventLog(__name__)


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. *inside* are (room, participant) who had joined and not left when it was written."""

    next: int
    inside: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Contents:
    """What a file says: the events it holds, the next number, and who is inside after the last of them."""

    events: tuple[RoomEvent, ...]
    next: int
    inside: tuple[tuple[str, str], ...]


def read(file: Path) -> Contents:
    """The contents of *file*; of none, nothing. A line that was torn by a power cut is passed over."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        lines = []
    events: list[RoomEvent] = []
    inside: dict[tuple[str, str], None] = {}
    following = 1
    for number, line in enumerate(filter(None, lines)):
        try:
            if number == 0:
                head = msgspec.json.decode(line, type=Head)
                following, inside = head.next, dict.fromkeys(head.inside)
                continue
            event = msgspec.json.decode(line, type=RoomEvent)
        except (msgspec.MsgspecError, ValueError):
            log.warning("spool.line_unreadable", line=number + 1)
            continue
        events.append(event)
        following = max(following, event.number + 1)
        if event.kind is RoomEventKind.JOINED:
            inside[event.room, event.participant] = None
        elif event.kind is RoomEventKind.LEFT:
            inside.pop((event.room, event.participant), None)
    return Contents(tuple(events), following, tuple(inside))


def append(file: Path, events: Sequence[RoomEvent]) -> None:
    """Add *events* and wait until they are on the disk."""
    with file.open("ab") as stream:
        stream.write(b"".join(_lines(events)))
        stream.flush()
        os.fsync(stream.fileno())


def rewrite(file: Path, contents: Contents) -> None:
    """Replace *file*; whatever happens meanwhile, either the old one or the new one is there."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_suffix(".new")
    with fresh.open("wb") as stream:
        fresh.chmod(0o640)  # the account's group is the portal's, which copies the spool into its backups
        stream.write(msgspec.json.encode(Head(contents.next, contents.inside)) + b"\n")
        stream.writelines(_lines(contents.events))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lines(events: Iterable[RoomEvent]) -> Iterable[bytes]:
    return (msgspec.json.encode(event) + b"\n" for event in events)
