"""A colleague who is disabled in the middle of a visit: pages, stream, sound and pictures end."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.browser.account.conftest import Arrive, Somebody
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.person import Person
from webapp.access.actor import Role

MEDIA_S = 5
STILL_S = 1.0  # so long without a frame is no slow second any more


def admin_at(arrive: Arrive, path: str) -> Somebody:
    admin = arrive(None, Role.ADMIN)
    admin.knock()
    admin.at("/")
    admin.go(path)
    return admin


def seconds_until(happened: Callable[[], bool], *, at_most: float) -> float:
    begun = time.monotonic()
    while not happened():
        assert time.monotonic() - begun < at_most, f"not within {at_most} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def frames_have_stopped(person: Person) -> bool:
    before = person.stats().frames_decoded
    time.sleep(STILL_S)
    return person.stats().frames_decoded == before


def test_disabled_provider_is_out_of_everything_within_seconds(
    call: tuple[Person, Person], meeting: Meeting, arrive: Arrive
) -> None:
    at_provider, at_client = call
    assert at_client.new_frames_arrive()
    admin = admin_at(arrive, f"/colleagues/{meeting.provider.account.id}")
    admin.press("Disable")
    admin.page.get_by_role("dialog").get_by_role("button", name="Disable", exact=True).click()
    admin.says("is disabled and signed out everywhere")
    context = at_provider.page.context
    for path in ("/live", f"{meeting.path}/visit/state"):
        assert context.request.get(f"{at_provider.url}{path}", max_redirects=0).status == 401
    seconds_until(lambda: frames_have_stopped(at_client), at_most=MEDIA_S + STILL_S)
    assert not at_provider.stats().paths or frames_have_stopped(at_provider)
