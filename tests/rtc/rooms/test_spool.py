from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.room_events import LeaveReason, RoomEventKind
from rtc.rooms import spool as spool_module
from rtc.rooms.spool import Spool

AT = 1_800_000_000.0


@contextlib.contextmanager
def spool_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wh") as folder:
        yield Path(folder) / "rtc" / "events.jsonl"


def join(spool: Spool, *people: str) -> None:
    for person in people:
        spool.append(RoomEventKind.JOINED, at=AT, room="r", participant=person)


def leave(spool: Spool, *people: str) -> None:
    for person in people:
        spool.append(RoomEventKind.LEFT, at=AT, room="r", participant=person, reason=LeaveReason.LEFT)


async def numbers(spool: Spool, after: int = 0) -> list[int]:
    return [e.number for e in (await spool.page(after, 0)).events]


async def test_nothing_is_handed_out_before_it_is_on_the_disk() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna")
        assert await numbers(spool) == []
        await spool.sync()
        assert await numbers(spool) == [1]
        assert '"participant":"anna"' in file.read_text()


async def test_numbers_go_on_after_a_restart_even_if_all_was_fetched() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna")
        leave(spool, "anna")
        await spool.sync()
        assert (await spool.page(2, 0)).events == ()
        spool = Spool.open(file, AT)  # compacts
        assert (await spool.page(2, 0)).events == ()
        spool = Spool.open(file, AT)
        join(spool, "ben")
        await spool.sync()
        assert await numbers(spool, 2) == [3]


async def test_people_left_inside_by_a_killed_process_have_left_restarted() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna", "ben")
        leave(spool, "ben")
        await spool.sync()
        events = (await Spool.open(file, AT + 9).page(3, 0)).events
        assert [(e.kind, e.participant, e.reason, e.at) for e in events] == [
            (RoomEventKind.LEFT, "anna", LeaveReason.RESTARTED, AT + 9),
            (RoomEventKind.ROOM_CLOSED, "", None, AT + 9),
        ]
        assert (await Spool.open(file, AT + 10).page(5, 0)).events == (), "once is enough"


async def test_people_inside_are_known_even_when_their_joining_was_fetched_and_forgotten() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna")
        for _ in range(1100):
            join(spool, "ben")
            leave(spool, "ben")
        await spool.sync()
        after = 0
        while (page := await spool.page(after, 0)).events:
            after = page.next
        join(spool, "cleo")
        await spool.sync()  # rewrites: almost every line is forgotten
        assert len(file.read_text().splitlines()) < 10
        left = [e.participant for e in (await Spool.open(file, AT).page(after + 1, 0)).events if e.participant]
        assert sorted(left) == ["anna", "cleo"]


@pytest.mark.parametrize("cut", [1, 20, 60])
async def test_torn_last_line_is_passed_over(cut: int) -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna", "ben")
        await spool.sync()
        file.write_bytes(file.read_bytes()[:-cut])
        spool = Spool.open(file, AT)
        events = (await spool.page(0, 0)).events
        assert [e.number for e in events] == list(range(1, len(events) + 1))
        whole = cut == 1  # only the line's end was lost
        assert [e.participant for e in events if e.kind is RoomEventKind.LEFT] == (
            ["anna", "ben"] if whole else ["anna"]
        )


async def test_pages_are_bounded_and_continue_where_the_last_ended() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, *(str(n) for n in range(1200)))
        await spool.sync()
        after, sizes = 0, []
        while (page := await spool.page(after, 0)).events:
            assert page.events[0].number == after + 1
            sizes.append(len(page.events))
            after = page.next
        assert sizes == [500, 500, 200]
        assert await numbers(spool) == [], "what was fetched is forgotten"


async def test_waiting_call_is_answered_by_the_next_event() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        running = asyncio.create_task(spool.run())
        waiting = asyncio.create_task(spool.page(0, 5))
        await asyncio.sleep(0)
        join(spool, "anna")
        page = await waiting
        assert [e.participant for e in page.events] == ["anna"]
        assert page.next == 1
        assert (await spool.page(1, 0.01)).next == 1
        running.cancel()


async def test_full_spool_drops_quality_first_then_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "EVENTS_MAX", 100)
    monkeypatch.setattr(spool_module, "DROPPED_AT_ONCE", 10)
    with spool_file() as file:
        spool = Spool.open(file, AT)
        for n in range(60):
            join(spool, str(n))
            if n % 2:
                spool.append(RoomEventKind.QUALITY, at=AT, room="r", participant=str(n))
        join(spool, *(str(n) for n in range(60, 90)))
        await spool.sync()
        events = (await spool.page(0, 0)).events
        assert len(events) <= 100
        assert len([e for e in events if e.kind is RoomEventKind.JOINED]) == 90, "no one's joining was lost"
        join(spool, *(str(n) for n in range(90, 130)))
        await spool.sync()
        kept = [e.participant for e in (await spool.page(0, 0)).events]
        assert len(kept) <= 100
        assert kept == [str(n) for n in range(130 - len(kept), 130)]


async def test_spool_that_was_lost_goes_on_above_what_the_portal_has_seen() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna")
        await spool.sync()
        assert (await spool.page(5000, 0)).events == ()
        await spool.sync()
        assert await numbers(spool, 5000) == [5001]
        assert (await Spool.open(file, AT).page(5000, 0)).events[0].participant == "anna"


async def test_unreadable_line_in_the_middle_costs_only_itself() -> None:
    with spool_file() as file:
        spool = Spool.open(file, AT)
        join(spool, "anna", "ben", "cleo")
        await spool.sync()
        lines = file.read_text().splitlines()
        lines[2] = '{"number":"two"}'
        file.write_text("\n".join(lines) + "\n")
        events = (await Spool.open(file, AT).page(0, 0)).events
        assert [e.participant for e in events if e.kind is RoomEventKind.JOINED] == ["anna", "cleo"]
        assert events[-1].number == 6


async def test_disk_that_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "RETRY_S", 0.01)
    with spool_file() as file:
        spool = Spool.open(file, AT)
        running = asyncio.create_task(spool.run())
        moved = file.parent.rename(file.parent.with_name("gone"))
        file.parent.write_text("a file where a folder should be")
        join(spool, "anna")
        await asyncio.sleep(0.05)
        assert await numbers(spool) == []
        file.parent.unlink()
        moved.rename(file.parent)
        assert [e.participant for e in (await spool.page(0, 5)).events] == ["anna"]
        assert json.loads(file.read_text().splitlines()[-1])["participant"] == "anna"
        running.cancel()


async def test_only_its_own_account_writes_the_spool_and_only_its_group_reads_it() -> None:
    with spool_file() as file:
        Spool.open(file, AT)
        assert file.stat().st_mode & 0o777 == 0o640
        assert file.parent.stat().st_mode & 0o777 == 0o700
