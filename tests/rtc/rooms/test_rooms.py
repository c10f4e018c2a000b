from __future__ import annotations

import pytest

from core.errors import NotFound, Unavailable
from core.grants import GrantRefused
from core.room_events import LeaveReason, RoomEventKind
from rtc.rooms.member import RESUME_S, Member
from rtc.rooms.moment import Moment
from rtc.rooms.room import Room
from rtc.rooms.spool import Quality
from rtc.rooms.track import SourceName, Track
from tests.rtc.rooms.inside import START, Microphone, Notes, building


async def test_place_is_kept_for_two_minutes_and_then_given_up() -> None:
    with building() as b:
        anna, secret = b.enter("anna")
        b.enter("ben")
        anna.lost(START)
        b.rooms.tick(START.later(RESUME_S - 1))
        again, secret = b.rooms.resume(secret, START.later(RESUME_S - 1))
        assert again is anna
        anna.lost(START.later(200))
        b.rooms.tick(START.later(200 + RESUME_S))
        assert ("left", "anna", LeaveReason.LOST) in b.heard("ben")
        assert b.heard("anna")[-1] == ("out", LeaveReason.LOST)
        with pytest.raises(NotFound):
            b.rooms.resume(secret, START.later(200 + RESUME_S))


async def test_silence_on_both_ways_is_away_and_a_sign_on_either_is_back() -> None:
    with building() as b:
        anna, _ = b.enter("anna")
        ben, _ = b.enter("ben")
        anna.media_alive = True
        anna.lost(START)
        b.rooms.tick(START.later(30))
        ben.heard(START.later(30))
        assert b.heard("ben") == [], "media still flow"
        anna.media_alive = False
        b.rooms.tick(START.later(30.2))
        b.rooms.tick(START.later(30.4))
        assert b.heard("ben") == [("away", "anna")]
        anna.media_alive = True
        b.rooms.tick(START.later(30.6))
        assert b.heard("ben") == [("back", "anna")]
        anna.media_alive = False
        b.rooms.tick(START.later(30.8))
        anna.heard(START.later(30.9))
        b.rooms.tick(START.later(31))
        assert b.heard("ben") == [("away", "anna"), ("back", "anna")]


async def test_open_websocket_is_given_time_for_its_next_ping() -> None:
    with building() as b:
        b.enter("anna")
        ben, _ = b.enter("ben")
        ben.media_alive = True
        b.rooms.tick(START.later(6))
        assert b.heard("ben") == []
        b.rooms.tick(START.later(7.5))
        assert b.heard("ben") == [("away", "anna")]


async def test_loudest_is_named_first_and_muted_is_not_named() -> None:
    with building() as b:
        levels = {name: Microphone() for name in ("anna", "ben", "cleo")}
        members = {}
        for name, microphone in levels.items():
            members[name], _ = b.enter(name)
            b.rooms.room("room-1").publish(members[name], [Track(SourceName.MICROPHONE, microphone)])
        b.heard("ben")
        levels["anna"].level, levels["ben"].level, levels["cleo"].level = 45, 20, 127
        b.rooms.tick(START)
        assert b.heard("ben") == [("speaking", "ben", "anna")]
        b.rooms.tick(START.later(0.2))
        assert b.heard("ben") == [], "told only when it changes"
        b.rooms.room("room-1").mute(members["ben"], SourceName.MICROPHONE, True)
        b.rooms.tick(START.later(2))
        assert b.heard("ben") == [("speaking", "anna")]
        levels["anna"].level = None
        b.rooms.tick(START.later(2.4))
        assert b.heard("ben") == [], "a pause between two words"
        b.rooms.tick(START.later(3))
        assert b.heard("ben") == [("speaking",)]


async def test_history_names_who_was_there_and_why_they_left() -> None:
    with building() as b:
        anna, _ = b.enter("anna")
        b.enter("ben", START.later(1))
        b.enter("anna", START.later(2))
        b.rooms.remove("room-1", "ben", START.later(3))
        b.rooms.end("room-1", START.later(4))
        b.rooms.leave(anna, LeaveReason.LEFT, START.later(5))
        events = await b.events()
        assert [e.number for e in events] == [1, 2, 3, 4, 5, 6, 7]
        assert [(e.kind, e.participant, e.reason, e.at - START.at) for e in events] == [
            (RoomEventKind.JOINED, "anna", None, 0),
            (RoomEventKind.JOINED, "ben", None, 1),
            (RoomEventKind.LEFT, "anna", LeaveReason.REPLACED, 2),
            (RoomEventKind.JOINED, "anna", None, 2),
            (RoomEventKind.LEFT, "ben", LeaveReason.REMOVED, 3),
            (RoomEventKind.LEFT, "anna", LeaveReason.ENDED, 4),
            (RoomEventKind.ROOM_CLOSED, "", None, 4),
        ]


async def test_quality_is_kept_at_most_every_five_seconds() -> None:
    with building() as b:
        anna, _ = b.enter("anna")
        for seconds in (0, 1, 4.9, 5, 6, 10.1):
            b.rooms.quality(anna, Quality(10.0, 38.0, 0.0, 0.25), START.later(seconds))
        kept = [e for e in await b.events() if e.kind is RoomEventKind.QUALITY]
        assert [e.at - START.at for e in kept] == pytest.approx([0, 5, 10.1])
        assert (kept[0].span_s, kept[0].round_trip_ms, kept[0].loss_down) == (10.0, 38.0, 0.25)


async def test_end_of_a_visit_withdraws_everybodys_grants_but_not_later_ones() -> None:
    with building() as b:
        early = b.grant("anna", START)
        b.rooms.end("room-1", START.later(1))
        with pytest.raises(GrantRefused) as caught:
            b.rooms.enter(early, lambda *_: Notes(), START.later(2))
        assert caught.value.reason == "withdrawn"
        b.enter("anna", START.later(2))
        b.enter("cleo", START.later(2), room="room-2")


async def test_withdrawal_and_use_are_remembered_as_long_as_the_grant_lives() -> None:
    with building() as b:
        grant = b.grant("anna", START)
        b.rooms.enter(grant, lambda *_: Notes(), START)
        b.rooms.remove("room-1", "ben", START)
        ben = b.grant("ben", START)
        for seconds in (1, 30, 60):
            b.rooms.tick(START.later(seconds))
            for text, reason in ((grant, "used"), (ben, "withdrawn")):
                with pytest.raises(GrantRefused) as caught:
                    b.rooms.enter(text, lambda *_: Notes(), START.later(seconds))
                assert caught.value.reason == reason


async def test_grant_from_before_the_start_is_refused_because_its_use_is_forgotten() -> None:
    with building() as b:
        with pytest.raises(GrantRefused) as caught:
            b.rooms.enter(b.grant("anna", START.later(-2)), lambda *_: Notes(), START)
        assert caught.value.reason == "expired"


async def test_entry_that_fails_for_lack_of_media_changes_nothing() -> None:
    def no_room(_: Member, __: Room) -> Notes:
        raise Unavailable("No more visits fit on this server now.")

    with building() as b:
        grant = b.grant("anna", START)
        with pytest.raises(Unavailable):
            b.rooms.enter(grant, no_room, START)
        assert (len(b.rooms), b.rooms.participants, await b.events()) == (0, 0, [])
        b.rooms.enter(grant, lambda *_: Notes(), START)


@pytest.mark.parametrize("set_by_s", [-10 * 365 * 86400, -86400, -3600, -61, 61, 3600, 86400])
async def test_clock_that_is_set_keeps_nobody_out_and_lets_nobody_in(set_by_s: float) -> None:
    def now(seconds: float) -> Moment:
        return Moment(START.at + seconds + set_by_s, START.tick + seconds)

    def refused(text: str, moment: Moment) -> str:
        with pytest.raises(GrantRefused) as caught:
            b.rooms.enter(text, lambda *_: Notes(), moment)
        return str(caught.value.reason)

    with building() as b:
        before = b.grant("anna", START)
        b.rooms.enter(before, lambda *_: Notes(), START)
        b.rooms.remove("room-1", "ben", START.later(10))
        b.rooms.tick(now(12))
        b.enter("ben", now(12))
        b.enter("cleo", now(12))
        assert refused(before, now(12)) in ("used", "expired")
        b.rooms.remove("room-1", "ben", now(14))
        assert refused(b.grant("ben", now(13)), now(15)) == "withdrawn"
        b.enter("ben", now(16))
        # Set back to what it was: what had been used then is not new.
        b.rooms.tick(now(17))
        assert refused(before, START.later(18)) == "used"
