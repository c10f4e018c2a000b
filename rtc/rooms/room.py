"""A room: the people in it, each told of what the others do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.room_events import LeaveReason
from rtc.rooms.member import Member, Observer
from rtc.rooms.moment import Moment
from rtc.rooms.speaking import Speakers
from rtc.rooms.track import SourceName, Track


class Room:
    """Lives from the first who enters to the last who leaves."""

    def __init__(self, room_id: str) -> None:
        self.id = room_id
        self._members: dict[str, tuple[Member, Observer]] = {}
        self._speakers = Speakers()

    @property
    def members(self) -> list[Member]:
        return [member for member, _ in self._members.values()]

    def __len__(self) -> int:
        return len(self._members)

    def member(self, participant: str) -> Member | None:
        found = self._members.get(participant)
        return found[0] if found else None

    def others(self, participant: str) -> list[Member]:
        return [member for member in self.members if member.id != participant]

    def add(self, member: Member, observer: Observer) -> None:
        self._members[member.id] = (member, observer)
        self._tell_others(member.id, lambda other: other.joined(member.id))

    def drop(self, participant: str, reason: LeaveReason) -> None:
        """Take somebody out; they and the others are told."""
        member, observer = self._members.pop(participant)
        member.publish(())
        observer.out(reason)
        self._tell_others(participant, lambda other: other.left(participant, reason))
        self._tell_others(participant, lambda other: other.tracks_changed())

    def close(self, reason: LeaveReason) -> None:
        """Take everybody out at once; nobody is told of the others' leaving."""
        people, self._members = list(self._members.values()), {}
        for member, observer in people:
            member.publish(())
            observer.out(reason)

    def publish(self, member: Member, tracks: Iterable[Track]) -> None:
        """*member* sends these tracks and no others."""
        if member.publish(tracks) and self.member(member.id) is member:
            self._tell_others(member.id, lambda other: other.tracks_changed())

    def mute(self, member: Member, source: SourceName, muted: bool) -> None:
        """What the others' pages show beside *member*'s name."""
        if muted:
            member.muted.add(source)
        else:
            member.muted.discard(source)
        self._tell_others(member.id, lambda other: other.muted(member.id, source, muted))

    def tick(self, moment: Moment) -> list[Member]:
        """Notice who went silent, who is back and who speaks. Returns those who are overdue."""
        for member in self.members:
            if member.is_silent(moment) != member.away:
                member.away = not member.away
                self._tell_others(member.id, lambda other, m=member: other.away(m.id, m.away))  # type: ignore[misc]  # mypy cannot infer a lambda's default
        levels = {m.id: _level(m) for m in self.members}
        if self._speakers.listen(levels, moment.tick):
            for _, observer in self._members.values():
                observer.speaking(self._speakers.current)
        return [member for member in self.members if member.is_overdue(moment)]

    def _tell_others(self, participant: str, tell: Callable[[Observer], None]) -> None:
        for member, observer in list(self._members.values()):
            if member.id != participant:
                tell(observer)


def _level(member: Member) -> int | None:
    microphone = member.tracks.get(SourceName.MICROPHONE)
    if microphone is None or SourceName.MICROPHONE in member.muted:
        return None
    return microphone.source.audio_level()
