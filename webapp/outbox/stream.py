"""``/live``: one Server-Sent-Events stream for each open page, resumable by Last-Event-ID.

One watcher in each portal process looks for new rows and hands them to the streams it serves; there is no broker.
"""

from __future__ import annotations

import json
import queue
import re
import threading
import time
import uuid
from collections.abc import Iterator

import peewee

from core.clock import utcnow
from core.log import EventLog
from core.settings import Portal
from webapp.access import sessions
from webapp.db.database import db
from webapp.outbox.models import Notice

log = EventLog("wellhouse.live")

LOOK_EVERY_S = 0.25
HEARTBEAT_S = 15  # frees the places of vanished browsers; below proxy_read_timeout of /live in nginx
QUEUE_MAX = 200  # a page that is this far behind reloads what it shows
STREAM_LIFE_S = 600  # the browser reconnects by itself; a right that has ended ends with it
REPLAY_MAX = 100

_NUMBER = re.compile(r"[0-9]{1,18}")  # what fits into the column


Mailbox = queue.Queue[tuple[int, str, str] | None]
"""Notices as (number, kind, thing)."""


class Watcher:
    """Follows the notice table and feeds the streams in this process; ends those whose session is over."""

    def __init__(self) -> None:
        self._streams: dict[uuid.UUID, set[Mailbox]] = {}
        self._sessions: dict[Mailbox, tuple[uuid.UUID, Portal]] = {}
        self._lock = threading.Lock()
        self._running = False

    def join(self, account: uuid.UUID, session: uuid.UUID, limits: Portal) -> Mailbox:
        """A queue on which the notices of *account* arrive from now on, and None once *session* is over."""
        mailbox: Mailbox = queue.Queue(QUEUE_MAX)
        with self._lock:
            self._sessions[mailbox] = session, limits
            self._streams.setdefault(account, set()).add(mailbox)
            if not self._running:
                # Where to begin is settled before this stream settles its own, or news between the two would be lost.
                begin = newest()
                threading.Thread(target=self._watch, args=(begin,), name="live-watcher", daemon=True).start()
                self._running = True
        return mailbox

    def leave(self, account: uuid.UUID, mailbox: Mailbox) -> None:
        """No more for this stream."""
        with self._lock:
            self._sessions.pop(mailbox, None)
            boxes = self._streams.get(account, set())
            boxes.discard(mailbox)
            if not boxes:
                self._streams.pop(account, None)

    def _watch(self, last: int) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            with self._lock:
                if not self._streams:
                    self._running = False
                    return
            try:
                self._end_those_over()
                rows = _after(last)
            except Exception:  # the eyes of every open page here must outlive any fault of one look
                log.exception("live.look_failed")  # the next may succeed; the numbers are still there
                continue
            for number, account, kind, thing in rows:
                last = number
                with self._lock:
                    boxes = list(self._streams.get(account, ()))
                for box in boxes:
                    if not box.full():
                        box.put_nowait((number, kind, thing))

    def _end_those_over(self) -> None:
        with self._lock:
            listening = dict(self._sessions)
        for limits in {limits for _, limits in listening.values()}:
            asked = {session for session, own in listening.values() if own == limits}
            over = _over(asked, limits)
            for mailbox, (session, _) in listening.items():
                if session in over and not mailbox.full():
                    mailbox.put_nowait(None)


watcher = Watcher()


def stream(account: uuid.UUID, session: uuid.UUID, limits: Portal, last_event_id: str | None) -> Iterator[str]:
    """The SSE lines for one page of *account*: what came after *last_event_id*, then what comes.

    It ends within a second after *session* did.
    """
    mailbox = watcher.join(account, session, limits)
    try:
        yield "retry: 1000\n\n"
        sent = newest()
        if last_event_id is not None and _NUMBER.fullmatch(last_event_id):
            for number, kind, thing in _missed(account, int(last_event_id), sent):
                yield _line(number, kind, thing)
        yield f"id: {sent}\nevent: hello\ndata: {{}}\n\n"
        ends = time.monotonic() + STREAM_LIFE_S
        while time.monotonic() < ends:
            try:
                news = mailbox.get(timeout=HEARTBEAT_S)
            except queue.Empty:
                yield ": still here\n\n"
                continue
            if news is None:
                return
            number, kind, thing = news
            if number > sent:
                yield _line(number, kind, thing)
    finally:
        watcher.leave(account, mailbox)


def _line(number: int, kind: str, thing: str) -> str:
    return f"id: {number}\ndata: {json.dumps({'id': number, 'kind': kind, 'thing': thing})}\n\n"


def _over(asked: set[uuid.UUID], limits: Portal) -> set[uuid.UUID]:
    with db.connection_context():
        return sessions.over(asked, limits, at=utcnow())


def newest() -> int:
    """The number of the last notice; 0 before the first."""
    with db.connection_context():
        return int(Notice.select(peewee.fn.COALESCE(peewee.fn.MAX(Notice.id), 0)).scalar())


def _after(number: int) -> list[tuple[int, uuid.UUID, str, str]]:
    with db.connection_context():
        rows = Notice.select().where(Notice.id > number).order_by(Notice.id)
        return [(row.id, row.account, row.kind.value, str(row.thing)) for row in rows]


def _missed(account: uuid.UUID, after: int, upto: int) -> list[tuple[int, str, str]]:
    with db.connection_context():
        rows = (
            Notice.select()
            .where((Notice.account == account) & (Notice.id > after) & (Notice.id <= upto))
            .order_by(Notice.id.desc())
            .limit(REPLAY_MAX)
        )
        return [(row.id, row.kind.value, str(row.thing)) for row in reversed(list(rows))]
