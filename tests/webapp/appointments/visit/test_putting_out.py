"""Who has to leave the room leaves it, also if the media server has no time just then."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from core.clock import utcnow
from core.errors import Unavailable
from core.settings import Settings
from tests.webapp import people
from tests.webapp.appointments.visit.conftest import Meeting, admit, wait
from webapp.access import sessions
from webapp.appointments.visit import putting_out, rtc_control
from webapp.appointments.visit.models import Attendance
from webapp.audit.events import Action, Event
from webapp.db.unit import unit

Told = list[uuid.UUID]


class MediaServer:
    """Hears who has to leave, or is too slow."""

    def __init__(self) -> None:
        self.slow = True
        self.heard: Told = []

    def remove_participant(self, _socket: Path, _room: uuid.UUID, participant: uuid.UUID) -> None:
        if self.slow:
            raise Unavailable("The media server does not answer.")
        self.heard.append(participant)


@pytest.fixture
def media(monkeypatch: pytest.MonkeyPatch) -> MediaServer:
    server = MediaServer()
    monkeypatch.setattr(rtc_control, "remove_participant", server.remove_participant)
    return server


def inside(meeting: Meeting) -> Attendance:
    admit(meeting, wait(meeting))
    assert meeting.at_client.send_json(f"{meeting.url}/entry").status_code == 200
    return Attendance.get(Attendance.account == meeting.clients[0])


def send_back(meeting: Meeting, who: Attendance) -> None:
    answer = meeting.at_provider.send_json(f"{meeting.url}/people/{who.id}/send-back")
    assert answer.status_code == 200, answer.get_data(as_text=True)


def test_whom_a_provider_sends_back_is_put_out_although_the_media_server_was_slow(
    meeting: Meeting, settings: Settings, media: MediaServer
) -> None:
    who = inside(meeting)
    send_back(meeting, who)
    with pytest.raises(Unavailable):
        putting_out.put_out_waiting(settings)
    media.slow = False
    assert putting_out.put_out_waiting(settings) == 1
    assert media.heard == [who.participant]
    assert putting_out.put_out_waiting(settings) == 0


def test_a_media_server_that_heard_at_once_is_not_asked_again(
    meeting: Meeting, settings: Settings, media: MediaServer
) -> None:
    media.slow = False
    who = inside(meeting)
    send_back(meeting, who)
    assert media.heard == [who.participant]
    assert putting_out.put_out_waiting(settings) == 0
    assert media.heard == [who.participant]


def test_who_is_let_in_again_meanwhile_stays(meeting: Meeting, settings: Settings, media: MediaServer) -> None:
    who = inside(meeting)
    send_back(meeting, who)
    admit(meeting, str(who.id))
    media.slow = False
    assert putting_out.put_out_waiting(settings) == 0
    assert media.heard == []


def test_who_was_signed_out_is_put_out_although_the_media_server_was_slow(
    meeting: Meeting, settings: Settings, media: MediaServer
) -> None:
    who = inside(meeting)
    with unit(Event(Action.SESSION_ENDED, people.actor(meeting.provider))):
        sessions.end_all(meeting.clients[0].id, at=utcnow())
    assert media.heard == []
    media.slow = False
    assert putting_out.put_out_waiting(settings) == 1
    assert media.heard == [who.participant]


def test_a_room_that_is_closed_needs_no_putting_out(meeting: Meeting, settings: Settings, media: MediaServer) -> None:
    who = inside(meeting)
    send_back(meeting, who)
    with unit(Event(Action.VISIT_ENDED, people.actor(meeting.provider))):
        type(who.visit).update(closed_at=utcnow()).execute()
    media.slow = False
    assert putting_out.put_out_waiting(settings) == 0
