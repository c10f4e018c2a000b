"""Somebody who is in a room: what the room knows of them, and how it tells them of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from core.grants import Grant, Right
from core.room_events import LeaveReason
from rtc.rooms.moment import Moment
from rtc.rooms.track import SourceName, Track

RESUME_S = 120  # how long a place is kept for somebody whose websocket is gone
CLOSED_SILENCE_S = 5.0  # since the last message on a websocket that has closed
QUALITY_EVERY_S = 5.0  # the browser measures every 10 s; a hostile one shall not fill the disk
OPEN_SILENCE_S = 7.5  # since the last on an open one: the browser pings every 5 s


class Observer(Protocol):
    """Hears what happens in the room. Each call returns at once and raises nothing."""

    def joined(self, participant: str) -> None: ...

    def left(self, participant: str, reason: LeaveReason) -> None: ...

    def away(self, participant: str, away: bool) -> None: ...

    def muted(self, participant: str, source: SourceName, muted: bool) -> None: ...

    def speaking(self, participants: tuple[str, ...]) -> None: ...

    def tracks_changed(self) -> None:
        """The others publish something else than before."""

    def out(self, reason: LeaveReason) -> None:
        """You are no longer in the room: end your media and your websocket."""


class Member:
    """One participant from entering to leaving, over as many websockets and media connections as that takes."""

    def __init__(self, grant: Grant, moment: Moment) -> None:
        self.id = grant.participant
        self.room_id = grant.room
        self.rights = frozenset(grant.rights)
        self.joined_at = moment.at
        self.muted: set[SourceName] = set()
        self.tracks: dict[SourceName, Track] = {}
        self.media_alive = False  # an authenticated packet came within 5 s
        self.away = False
        self._heard = moment.tick
        self._lost: float | None = None  # since when there has been no websocket
        self._quality_from = moment.tick  # when the next report is welcome

    @property
    def connected(self) -> bool:
        """Whether there is a websocket."""
        return self._lost is None

    def may(self, right: Right) -> bool:
        return right in self.rights

    def heard(self, moment: Moment) -> None:
        """A message came, so there is a websocket."""
        self._heard = moment.tick
        self._lost = None

    def lost(self, moment: Moment) -> None:
        """The websocket is gone; the place is kept for RESUME_S."""
        self._lost = moment.tick

    def is_silent(self, moment: Moment) -> bool:
        """Neither media nor messages: the others see “Reconnecting”."""
        patience_s = OPEN_SILENCE_S if self.connected else CLOSED_SILENCE_S
        return not self.media_alive and moment.tick - self._heard >= patience_s

    def is_overdue(self, moment: Moment) -> bool:
        """Gone for longer than the place is kept."""
        return self._lost is not None and moment.tick - self._lost >= RESUME_S

    def may_report_quality(self, moment: Moment) -> bool:
        """True at most every QUALITY_EVERY_S."""
        if moment.tick < self._quality_from:
            return False
        self._quality_from = moment.tick + QUALITY_EVERY_S
        return True

    def publish(self, tracks: Iterable[Track]) -> bool:
        """These and no others are sent from now on. True if that is a change."""
        now = {track.name: track for track in tracks}
        changed = now != self.tracks
        self.tracks = now
        return changed
