"""An hour is listened to without a click: the visit goes on, the record locks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import utcnow
from core.ids import new_id
from tests.webapp.appointments.visit.conftest import Meeting, admit, wait
from webapp.access.sessions import IN_VISIT_FOR, Session
from webapp.db.unit import housekeeping

IDLE = timedelta(minutes=31)


def lapse(**changes: object) -> None:
    with housekeeping("the test lets time pass"):
        Session.update(last_seen_at=utcnow() - IDLE, **changes).execute()


def test_a_visit_counts_as_presence_for_the_visit_only(meeting: Meeting) -> None:
    admit(meeting, wait(meeting))
    for browser in (meeting.at_provider, meeting.at_client):
        assert browser.get(f"{meeting.url}/state").status_code == 200
    lapse()
    for browser in (meeting.at_provider, meeting.at_client):
        assert browser.get(f"{meeting.url}/state").status_code == 200
        assert browser.get(meeting.url).status_code == 200
        line = {"id": str(new_id()), "body": "Still here"}
        assert browser.send_json(f"{meeting.url}/chat", line).status_code == 204
        assert browser.send_json(f"{meeting.url}/entry").status_code == 200
        for page in (f"/appointments/{meeting.appointment.id}", "/appointments", "/"):
            answer = browser.get(page)
            assert answer.status_code == 302, page
            assert answer.location.startswith("/sign-in")


def test_waiting_is_presence_too(meeting: Meeting) -> None:
    wait(meeting)
    meeting.at_client.send_json(f"{meeting.url}/still-here")
    lapse()
    assert meeting.at_client.send_json(f"{meeting.url}/still-here").get_json()["me"] == "waiting"


def test_who_neither_waits_nor_was_let_in_is_signed_out_as_anywhere(meeting: Meeting) -> None:
    assert meeting.at_client.get(f"{meeting.url}/state").get_json()["me"] == "out"
    lapse()
    assert meeting.at_client.get(f"{meeting.url}/state").status_code == 401


@pytest.mark.parametrize("changes", [{"in_visit_at": utcnow() - IN_VISIT_FOR}, {"ends_at": utcnow()}])
def test_a_silent_page_and_the_end_of_the_day_end_it(meeting: Meeting, changes: dict[str, object]) -> None:
    meeting.at_provider.get(f"{meeting.url}/state")
    lapse(**changes)
    assert meeting.at_provider.get(f"{meeting.url}/state").status_code == 401
