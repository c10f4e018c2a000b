"""All rooms of this process: who enters, comes back, leaves, and what the portal will read of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import NotFound, Refused
from core.ids import new_token, token_hash
from core.log import EventLog
from core.room_events import LeaveReason, RoomEventKind
from rtc.rooms.entry import Doorkeeper
from rtc.rooms.member import Member, Observer
from rtc.rooms.moment import Moment
from rtc.rooms.room import Room
from rtc.rooms.spool import Quality, Spool

log = EventLog(__name__)


class RoomFull(Refused):
    """All places in the room are taken."""


@dataclass
class _Secrets:
    """Hashes of a member's resume secrets. *former* is good until the browser has shown that it has the newer one."""

    newest: str
    former: str | None = None


class Rooms:
    """The registry of rooms. Nothing here outlives the process but what lies in the spool."""

    def __init__(self, doorkeeper: Doorkeeper, spool: Spool, *, participants_max: int) -> None:
        self._doorkeeper = doorkeeper
        self._spool = spool
        self._participants_max = participants_max
        self._rooms: dict[str, Room] = {}
        self._by_secret: dict[str, Member] = {}
        self._secrets: dict[Member, _Secrets] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def participants(self) -> int:
        return len(self._secrets)

    def room(self, room_id: str) -> Room:
        """The room; NotFound if nobody is inside."""
        room = self._rooms.get(room_id)
        if room is None:
            raise NotFound("Nobody is in this room.")
        return room

    def enter(self, grant_text: str, observe: Callable[[Member, Room], Observer], moment: Moment) -> tuple[Member, str]:
        """Let in whom the grant names and return the resume secret.

        *observe* makes the observer and may refuse with Unavailable. The same participant inside is replaced.
        GrantRefused or RoomFull otherwise; then nothing has changed and the grant is still unused.
        """
        grant = self._doorkeeper.judge(grant_text, moment)
        room = self._rooms.get(grant.room) or Room(grant.room)
        replaced = room.member(grant.participant)
        if replaced is None and len(room) >= self._participants_max:
            raise RoomFull("All places in this visit are taken. Ask your provider to let somebody leave first.")
        member = Member(grant, moment)
        observer = observe(member, room)
        self._doorkeeper.use(grant, moment)
        if replaced is not None:
            self._drop(replaced, LeaveReason.REPLACED, moment)
        self._rooms[room.id] = room
        room.add(member, observer)
        self._spool.append(RoomEventKind.JOINED, at=moment.at, room=room.id, participant=member.id)
        log.info("member.joined", room=room.id, participant=member.id)
        secret = new_token()
        self._secrets[member] = _Secrets(token_hash(secret))
        self._by_secret[token_hash(secret)] = member
        return member, secret

    def resume(self, secret: str, moment: Moment) -> tuple[Member, str]:
        """The member to whom *secret* belongs, on a new websocket, and the next secret. NotFound if it is dead."""
        member = self._by_secret.get(token_hash(secret))
        if member is None:
            raise NotFound("Your place in the visit is no longer kept. Please enter again.")
        self.confirm(member)
        used, newer = token_hash(secret), new_token()
        secrets = self._secrets[member]
        if secrets.newest != used:  # it was the former one and the newer never arrived
            del self._by_secret[secrets.newest]
        self._secrets[member] = _Secrets(token_hash(newer), former=used)
        self._by_secret |= {used: member, token_hash(newer): member}
        member.heard(moment)
        log.info("member.resumed", room=member.room_id, participant=member.id)
        return member, newer

    def confirm(self, member: Member) -> None:
        """The browser spoke on its newest websocket: it has the newest secret, the former one is dead."""
        secrets = self._secrets.get(member)
        if secrets is not None and secrets.former is not None:
            del self._by_secret[secrets.former]
            secrets.former = None

    def leave(self, member: Member, reason: LeaveReason, moment: Moment) -> None:
        """*member* is out for *reason*; nothing if it was out already."""
        if member in self._secrets:
            self._drop(member, reason, moment)
            self._close_if_empty(member.room_id, moment)

    def remove(self, room_id: str, participant: str, moment: Moment) -> None:
        """The right to be in the room has ended, also for every grant that was issued up to now."""
        self._doorkeeper.withdraw(room_id, participant, moment)
        room = self._rooms.get(room_id)
        member = room.member(participant) if room else None
        if member is not None:
            self.leave(member, LeaveReason.REMOVED, moment)

    def end(self, room_id: str, moment: Moment) -> None:
        """The visit is over for everyone, also for every grant that was issued up to now."""
        self._doorkeeper.withdraw(room_id, "", moment)
        room = self._rooms.get(room_id)
        if room is not None:
            for member in room.members:
                self._forget(member, LeaveReason.ENDED, moment)
            room.close(LeaveReason.ENDED)
            self._close_if_empty(room_id, moment)

    def quality(self, member: Member, measured: Quality, moment: Moment) -> None:
        """Keep for the history what *member*'s browser measured; what comes too often is passed over."""
        if member in self._secrets and member.may_report_quality(moment):
            self._spool.append(
                RoomEventKind.QUALITY, at=moment.at, room=member.room_id, participant=member.id, quality=measured
            )

    def tick(self, moment: Moment) -> None:
        """To be called about five times a second."""
        self._doorkeeper.forget(moment)
        for room in list(self._rooms.values()):
            for member in room.tick(moment):
                self.leave(member, LeaveReason.LOST, moment)

    def _drop(self, member: Member, reason: LeaveReason, moment: Moment) -> None:
        self._forget(member, reason, moment)
        self._rooms[member.room_id].drop(member.id, reason)

    def _forget(self, member: Member, reason: LeaveReason, moment: Moment) -> None:
        """Its secrets are dead, and the history has its leaving."""
        secrets = self._secrets.pop(member)
        for hashed in filter(None, (secrets.newest, secrets.former)):
            del self._by_secret[hashed]
        self._spool.append(RoomEventKind.LEFT, at=moment.at, room=member.room_id, participant=member.id, reason=reason)
        log.info("member.left", room=member.room_id, participant=member.id, reason=reason)

    def _close_if_empty(self, room_id: str, moment: Moment) -> None:
        if not self._rooms[room_id]:
            del self._rooms[room_id]
            self._spool.append(RoomEventKind.ROOM_CLOSED, at=moment.at, room=room_id)
            log.info("room.closed", room=room_id)
