"""Rooms without a network: people who note what they hear, and microphones with a level."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import grant_keys
from core.grants import Grant, Kind, Right, sign
from core.ids import new_id
from core.room_events import LeaveReason, RoomEvent
from rtc.rooms.entry import Doorkeeper, Keys
from rtc.rooms.member import Member
from rtc.rooms.moment import Moment
from rtc.rooms.room import Room
from rtc.rooms.rooms import Rooms
from rtc.rooms.spool import Spool
from rtc.rooms.track import SourceName

START = Moment(1_800_000_000.0, 5000.0)


@dataclass
class Notes:
    """An observer that writes down what it is told."""

    heard: list[tuple[object, ...]] = field(default_factory=list)

    def joined(self, participant: str) -> None:
        self.heard.append(("joined", participant))

    def left(self, participant: str, reason: LeaveReason) -> None:
        self.heard.append(("left", participant, reason))

    def away(self, participant: str, away: bool) -> None:
        self.heard.append(("away" if away else "back", participant))

    def muted(self, participant: str, source: SourceName, muted: bool) -> None:
        self.heard.append(("muted", participant, source, muted))

    def speaking(self, participants: tuple[str, ...]) -> None:
        self.heard.append(("speaking", *participants))

    def tracks_changed(self) -> None:
        self.heard.append(("tracks",))

    def out(self, reason: LeaveReason) -> None:
        self.heard.append(("out", reason))


@dataclass
class Microphone:
    """A source that is as loud as the test says, in -dBov."""

    level: int | None = None

    def audio_level(self) -> int | None:
        return self.level

    def request_keyframe(self) -> None: ...

    def close(self) -> None: ...


class Building:
    """All rooms of one server that started at START."""

    def __init__(self, folder: Path, participants_max: int = 4) -> None:
        self.key = Ed25519PrivateKey.generate()
        keys = folder / "grant-keys.json"
        keys.write_text(grant_keys.dump({"key-1": self.key.public_key()}))
        known = Keys(keys)
        known.reread()
        self.spool = Spool.open(folder / "rtc" / "events.jsonl", START.at)
        self.rooms = Rooms(Doorkeeper(known, START), self.spool, participants_max=participants_max)
        self.notes: dict[str, Notes] = {}

    def grant(self, participant: str, moment: Moment, room: str = "room-1") -> str:
        issued_at = int(moment.at)
        rights = (Right.PUBLISH, Right.SUBSCRIBE)
        return sign(
            Grant(str(new_id()), Kind.ROOM, "key-1", room, participant, "leg", rights, issued_at, issued_at + 60),
            self.key,
        )

    def enter(self, participant: str, moment: Moment = START, room: str = "room-1") -> tuple[Member, str]:
        def observe(_: Member, __: Room) -> Notes:
            self.notes[participant] = Notes()
            return self.notes[participant]

        return self.rooms.enter(self.grant(participant, moment, room), observe, moment)

    def heard(self, participant: str) -> list[tuple[object, ...]]:
        """What *participant* was told since the last call."""
        noted = self.notes[participant].heard
        told, noted[:] = list(noted), []
        return told

    async def events(self, after: int = 0) -> list[RoomEvent]:
        await self.spool.sync()
        return list((await self.spool.page(after, 0)).events)


@contextlib.contextmanager
def building(participants_max: int = 4) -> Iterator[Building]:
    with tempfile.TemporaryDirectory(prefix="wh") as folder:
        yield Building(Path(folder), participants_max)
