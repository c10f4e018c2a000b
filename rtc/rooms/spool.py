"""The events that the portal has not fetched yet: numbered, on the disk before anybody sees them."""

from __future__ import annotations

import asyncio
import bisect
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from core.log import EventLog
from core.room_events import LeaveReason, RoomEvent, RoomEventKind, RoomEventPage
from rtc.rooms import spool_file
from rtc.rooms.spool_file import Contents

log = EventLog(__name__)

PAGE_EVENTS = 500
EVENTS_MAX = 100_000
DROPPED_AT_ONCE = EVENTS_MAX // 100  # so that a full spool is not sorted out anew for each event
LINES_WASTED_MAX = 1000  # forgotten lines that the file may hold before it is rewritten
RETRY_S = 1.0  # after the disk refused a write


class Quality(NamedTuple):
    """A browser's measures over *span_s* seconds, as in core.room_events."""

    span_s: float
    round_trip_ms: float | None
    loss_up: float | None
    loss_down: float | None


NO_QUALITY = Quality(0.0, None, None, None)


class Spool:
    """Events in memory and in *file*. :meth:`run` moves them to the disk; only then are they handed out."""

    def __init__(self, file: Path, contents: Contents) -> None:
        self._file = file
        self._events = list(contents.events)
        self._next = contents.next
        self._inside = dict.fromkeys(contents.inside)
        self._synced = contents.next - 1  # the highest number on the disk
        self._lines = len(self._events)
        self._rewrite = False
        self._work = asyncio.Event()
        self._news = asyncio.Event()

    @classmethod
    def open(cls, file: Path, at: float) -> Self:
        """The spool in *file*, with ``left restarted`` for those whom the last process left inside."""
        spool = cls(file, spool_file.read(file))
        rooms = {room: None for room, _ in spool._inside}
        for room, participant in list(spool._inside):
            reason = LeaveReason.RESTARTED
            spool.append(RoomEventKind.LEFT, at=at, room=room, participant=participant, reason=reason)
        for room in rooms:
            spool.append(RoomEventKind.ROOM_CLOSED, at=at, room=room)
        spool_file.rewrite(file, spool._contents())
        spool._synced = spool._next - 1
        spool._lines = len(spool._events)
        return spool

    def append(
        self,
        kind: RoomEventKind,
        *,
        at: float,
        room: str,
        participant: str = "",
        reason: LeaveReason | None = None,
        quality: Quality = NO_QUALITY,
    ) -> None:
        """Number an event; it is on the disk soon. *at* is Unix seconds."""
        event = RoomEvent(self._next, at, kind, room, participant, reason, *quality)
        self._next += 1
        self._events.append(event)
        if kind is RoomEventKind.JOINED:
            self._inside[room, participant] = None
        elif kind is RoomEventKind.LEFT:
            self._inside.pop((room, participant), None)
        if len(self._events) > EVENTS_MAX:
            self._drop_some()
        self._work.set()

    async def page(self, after: int, wait_s: float) -> RoomEventPage:
        """The synced events above *after*, waiting up to *wait_s* for the first. Those up to *after* are forgotten."""
        self._forget(after)
        page = self._page(after)
        if not page.events and wait_s > 0:
            try:
                async with asyncio.timeout(wait_s):
                    while not page.events:
                        await self._news.wait()
                        page = self._page(after)
            except TimeoutError:
                pass
        return page

    async def run(self) -> None:
        """Move events to the disk until cancelled; a disk that refuses is tried again."""
        while True:
            await self._work.wait()
            self._work.clear()
            await self.sync()

    async def sync(self) -> None:
        """Bring everything appended so far to the disk. A refusal is logged and tried again by the next call."""
        last = self._next - 1
        fresh = self._events[bisect.bisect_right(self._events, self._synced, key=_number) :]
        wasted = self._lines + len(fresh) - len(self._events)
        rewrite, self._rewrite = self._rewrite, False
        try:
            if rewrite or wasted > LINES_WASTED_MAX + len(self._events):
                contents = self._contents()
                await asyncio.to_thread(spool_file.rewrite, self._file, contents)
                self._lines = len(contents.events)
            elif fresh:
                await asyncio.to_thread(spool_file.append, self._file, fresh)
                self._lines += len(fresh)
        except OSError as e:
            log.warning("spool.not_written", file=str(self._file), why=str(e), waiting=len(fresh))
            self._rewrite = True  # half a line may stand there now
            await asyncio.sleep(RETRY_S)
            self._work.set()
            return
        self._synced = max(self._synced, last)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _page(self, after: int) -> RoomEventPage:
        first = bisect.bisect_right(self._events, after, key=_number)
        end = bisect.bisect_right(self._events, self._synced, key=_number)
        events = tuple(self._events[first : min(end, first + PAGE_EVENTS)])
        return RoomEventPage(events, events[-1].number if events else after)

    def _forget(self, after: int) -> None:
        if after >= self._next:
            # The file was lost, as by a restored backup: the caller knows higher numbers than we have given.
            log.warning("spool.renumbered", next=self._next, after=after)
            shift = after + 1 - (self._events[0].number if self._events else self._next)
            self._events = [msgspec.structs.replace(event, number=event.number + shift) for event in self._events]
            self._next += shift
            self._rewrite = True
            self._synced = after
            self._work.set()
            return
        del self._events[: bisect.bisect_right(self._events, min(after, self._synced), key=_number)]

    def _drop_some(self) -> None:
        """Quality first, then the oldest: the portal has not asked for a long time."""
        quality = [e.number for e in self._events if e.kind is RoomEventKind.QUALITY][:DROPPED_AT_ONCE]
        dropped = set(quality or [e.number for e in self._events[:DROPPED_AT_ONCE]])
        self._events = [e for e in self._events if e.number not in dropped]
        log.warning("spool.dropped", events=len(dropped), quality=bool(quality))

    def _contents(self) -> Contents:
        return Contents(tuple(self._events), self._next, tuple(self._inside))


def _number(event: RoomEvent) -> int:
    return event.number
