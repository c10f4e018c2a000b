"""What the media server saw becomes the visit's history, once."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from core.clock import from_unix, utcnow
from core.errors import Unavailable
from core.room_events import LeaveReason, RoomEvent, RoomEventKind
from core.settings import Settings
from tests.webapp import people
from tests.webapp.appointments.visit.conftest import Meeting, admit, wait
from webapp.appointments.visit import follow, policy, queries, rtc_control
from webapp.appointments.visit.models import Attendance, RoomEventCursor, Stay, Visit
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent

NOON = 1_700_000_000.0


def arrived(meeting: Meeting) -> Attendance:
    """The client's attendance, after being let in."""
    admit(meeting, wait(meeting))
    return Attendance.get(Attendance.account == meeting.clients[0])


def event(number: int, kind: RoomEventKind, who: Attendance, after_s: float, **more: object) -> RoomEvent:
    fields = {"room": str(who.visit.room), "participant": str(who.participant), **more}
    return RoomEvent(number=number, at=NOON + after_s, kind=kind, **fields)


def history_of(meeting: Meeting) -> queries.VisitHistory:
    who = people.actor(meeting.provider)
    kept = queries.history(who, policy.come_to(who, meeting.appointment.id))
    assert kept is not None
    return kept


def test_history_says_who_was_inside_how_long_why_they_went_and_how_it_sounded(meeting: Meeting) -> None:
    who = arrived(meeting)
    follow.keep(
        [
            event(1, RoomEventKind.JOINED, who, 0),
            event(2, RoomEventKind.QUALITY, who, 10, span_s=10.0, round_trip_ms=20.0, loss_up=0.0, loss_down=0.1),
            event(3, RoomEventKind.QUALITY, who, 40, span_s=30.0, round_trip_ms=60.0, loss_up=0.04, loss_down=0.1),
            event(4, RoomEventKind.LEFT, who, 600, reason=LeaveReason.LOST),
        ],
        next_number=4,
    )
    [client] = [person for person in history_of(meeting).people if person.name == "Maren Halvorsen"]
    [stay] = client.stays
    assert (stay.joined_at, stay.reason) == (from_unix(NOON), LeaveReason.LOST)
    assert stay.lasted is not None
    assert stay.lasted.total_seconds() == 600
    assert stay.round_trip_ms == pytest.approx(50.0)
    assert stay.loss_up == pytest.approx(0.03)
    assert stay.loss_down == pytest.approx(0.1)


def test_coming_back_is_a_second_stay(meeting: Meeting) -> None:
    who = arrived(meeting)
    kinds = [RoomEventKind.JOINED, RoomEventKind.LEFT, RoomEventKind.JOINED]
    events = [event(n, kind, who, n, reason=LeaveReason.LEFT) for n, kind in enumerate(kinds, 1)]
    follow.keep(events, next_number=3)
    assert [stay.left_at is None for stay in Stay.select().order_by(Stay.joined_at)] == [False, True]


def test_what_was_taken_over_is_in_the_record_and_asked_for_once(meeting: Meeting) -> None:
    who = arrived(meeting)
    follow.keep([event(7, RoomEventKind.JOINED, who, 0)], next_number=7)
    assert RoomEventCursor.get().number == 7
    assert AuditEvent.select().where(AuditEvent.action == Action.VISIT_RECORDED).count() == 1
    follow.keep([event(8, RoomEventKind.QUALITY, who, 9, span_s=10.0)], next_number=8)
    assert RoomEventCursor.get().number == 8
    assert AuditEvent.select().where(AuditEvent.action == Action.VISIT_RECORDED).count() == 1, "quality moves nobody"


@pytest.mark.parametrize("participant", ["5d0c1a2e-7f43-4a55-9d0b-6c1f2e3a4b59", "not an id"])
def test_an_event_of_a_stranger_holds_up_nobody(meeting: Meeting, participant: str) -> None:
    who = arrived(meeting)
    stranger = event(1, RoomEventKind.JOINED, who, 0, participant=participant)
    follow.keep([stranger, event(2, RoomEventKind.JOINED, who, 0)], next_number=2)
    assert Stay.select().count() == 1


def test_an_event_out_of_order_is_passed_over(meeting: Meeting) -> None:
    who = arrived(meeting)
    early = event(1, RoomEventKind.LEFT, who, 0, reason=LeaveReason.LEFT)
    follow.keep([early, event(2, RoomEventKind.QUALITY, who, 1, span_s=10.0)], next_number=2)
    assert Stay.select().count() == 0
    assert RoomEventCursor.get().number == 2


def test_a_media_server_that_is_down_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        rtc_control.close_room(tmp_path / "nobody.sock", uuid.uuid4())


def test_the_visit_ends_although_the_media_server_is_down_and_its_room_is_closed_later(
    meeting: Meeting, settings: Settings
) -> None:
    arrived(meeting)
    assert meeting.at_provider.send_json(f"{meeting.url}/end").status_code == 204
    assert meeting.at_client.get(f"{meeting.url}/state").get_json()["visit"] == "over"
    visit = Visit.get()
    assert visit.ended_at is not None
    assert visit.closed_at is None
    with pytest.raises(Unavailable):
        follow.close_ended_rooms(settings, at=utcnow())
    assert Visit.get().closed_at is None, "tried again until the media server has heard it"
