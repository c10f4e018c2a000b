"""What breaks in mid-call mends itself, and what cannot go on says so."""

from __future__ import annotations

import signal
import time

import pytest

from tests.browser.visit.box import Box
from tests.browser.visit.conftest import Enter
from tests.browser.visit.meeting import CLIENT, Meeting
from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import Person, until
from webapp.appointments.visit.models import Attendance

Call = tuple[Person, Person]


def entries_asked(person: Person) -> list[str]:
    """The grants that this page asks for from now on."""
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/entry") else None)
    return asked


def test_a_lost_websocket_resumes_without_the_portal_and_without_touching_media(call: Call) -> None:
    _, at_client = call
    asked = entries_asked(at_client)
    sockets = "window.witness.sockets"
    # As when the network went: the browser says so, and nobody told the server.
    at_client.page.evaluate(f"{sockets}[0].dispatchEvent(new CloseEvent('close', {{ code: 1006 }}))")
    until(lambda: at_client.page.evaluate(f"{sockets}.length === 2 && {sockets}[1].readyState === 1"), "new websocket")
    assert at_client.new_frames_arrive()
    assert asked == []
    assert at_client.page.evaluate("window.witness.connections.length") == 2


def test_a_portal_that_restarts_in_mid_call_does_not_disturb_it(box: Box, call: Call) -> None:
    at_provider, at_client = call
    before = at_client.stats().frames_decoded
    box.restart("portal")
    for person, other in ((at_provider, PURPLE), (at_client, GREEN)):
        assert person.new_frames_arrive()
        assert person.sees(other)
        assert person.page.locator("[data-away]").count() == 0
    assert at_client.stats().frames_decoded > before
    at_client.press("Chat")
    until(lambda: at_client.page.request.get(f"{box.url}/healthz").ok, "portal", within_s=30)
    at_client.write("Still here")
    until(lambda: at_client.reads() == ["Still here"], "line of chat")


def test_a_killed_media_server_brings_both_back_by_themselves(box: Box, call: Call) -> None:
    box.signal_to("rtc", signal.SIGKILL)
    at_provider, at_client = call
    for person in call:
        until(lambda person=person: len(person.stats().paths) == 2, "both connections", within_s=40)
    for person, other in ((at_provider, PURPLE), (at_client, GREEN)):
        assert person.new_frames_arrive()
        until(lambda person=person, other=other: person.sees(other), "picture of the other")
        until(lambda person=person: person.page.locator("[data-away]").count() == 0, "bright picture")
        assert person.stage() == "room"


def test_a_frozen_media_server_dims_the_last_picture_and_the_call_goes_on_after_it(box: Box, call: Call) -> None:
    _, at_client = call
    box.signal_to("rtc", signal.SIGSTOP)
    try:
        at_client.page.get_by_text("Reconnecting").wait_for()
        assert at_client.page.locator("[data-tile-still]").is_visible()
        assert "we will call 802-555-0147" in at_client.page.locator("[data-tile-away]").inner_text()
    finally:
        box.signal_to("rtc", signal.SIGCONT)
    until(lambda: at_client.page.locator("[data-away]").count() == 0, "bright picture", within_s=40)
    assert at_client.new_frames_arrive()
    assert at_client.sees(GREEN)


def test_a_page_loaded_again_is_back_in_the_room(call: Call) -> None:
    _, at_client = call
    at_client.page.reload()
    until(lambda: at_client.sees(GREEN), "picture of the other")
    assert at_client.stage() == "room"


def test_a_second_tab_takes_over_and_the_first_says_so(client: Enter, meeting: Meeting, call: Call) -> None:
    at_provider, at_client = call
    second = client()
    second.go(f"{meeting.path}/visit")
    until(lambda: second.sees(GREEN), "picture in the second tab")
    at_client.page.get_by_role("heading", name="You are in this visit somewhere else").wait_for()
    until(lambda: at_provider.page.locator("[data-participant]").count() == 1, "one tile")
    assert at_provider.new_frames_arrive()
    at_client.press("Join again")
    until(lambda: at_client.sees(GREEN), "picture in the first tab")
    second.page.get_by_role("heading", name="You are in this visit somewhere else").wait_for()


def test_who_left_the_waiting_room_by_mistake_goes_back_with_one_press(client: Enter, meeting: Meeting) -> None:
    at_client = client()
    at_client.go(f"{meeting.path}/visit")
    at_client.press("Enter waiting room")
    until(lambda: at_client.stage() == "waiting", "waiting room")
    at_client.press("Leave")
    at_client.page.get_by_role("heading", name="You left the waiting room").wait_for()
    at_client.press("Join again")
    at_client.page.get_by_role("button", name="Enter waiting room").wait_for()


def test_the_visit_ends_for_everybody_when_the_provider_ends_it(call: Call) -> None:
    at_provider, at_client = call
    at_provider.press("Leave")
    at_client.page.get_by_text("Dr. Amara Okafor has left.").last.wait_for(state="attached")
    assert at_client.stage() == "room"
    at_provider.press("End the visit for everyone")
    at_client.page.get_by_role("heading", name="The visit has ended").wait_for()
    assert not at_client.page.evaluate("window.witness.connections.some((one) => one.connectionState === 'connected')")


def test_who_is_sent_back_waits_again_and_receives_nothing(box: Box, meeting: Meeting, call: Call) -> None:
    at_provider, at_client = call
    visit = f"{box.url}{meeting.path}/visit"
    token = at_provider.page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    person = Attendance.get(Attendance.account == meeting.client.account).id
    answer = at_provider.page.request.post(
        f"{visit}/people/{person}/send-back", headers={"X-CSRFToken": token, "Origin": box.url}
    )
    assert answer.ok, answer.text()
    until(lambda: at_client.stage() == "waiting", "waiting room")
    assert at_client.stats().paths == ()
    at_provider.page.get_by_text(f"{CLIENT} is waiting").last.wait_for()
    at_provider.press("Admit")
    until(lambda: at_client.sees(GREEN), "picture of the other")


@pytest.mark.parametrize("who", ["camera", "microphone"])
def test_what_is_turned_off_stops_at_the_source(call: Call, who: str) -> None:
    at_provider, at_client = call
    at_client.press("Camera" if who == "camera" else "Mute")
    if who == "camera":
        until(lambda: at_provider.page.locator('[data-tile-initials]:text("MH")').is_visible(), "initials")
        before = at_provider.stats().frames_decoded
        time.sleep(1)  # a second in which thirty frames would have come
        assert at_provider.stats().frames_decoded <= before + 2
        at_client.press("Start camera")
        until(lambda: at_provider.sees(PURPLE), "picture again")
    else:
        until(lambda: at_provider.page.locator("[data-tile-muted]").is_visible(), "sign of silence")
        until(lambda: not at_provider.hears(PURPLE), "silence")
        at_client.press("Unmute")
        until(lambda: at_provider.hears(PURPLE), "sound again")
