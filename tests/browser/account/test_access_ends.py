"""A colleague who is disabled in the middle of a visit: pages, stream, sound and pictures end."""

from __future__ import annotations

import time
from collections.abc import Callable

from appliance.turn_guest import TurnGuest
from tests.browser.account.conftest import Arrive, Somebody
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.person import Person
from webapp.access.actor import Role
from webapp.account.models import Account

MEDIA_S = 5
STREAM_S = 1.0  # after the account was disabled
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


def relay_of(person: Person) -> TurnGuest:
    """Somebody who has kept the credential for the relay that *person*'s page was given."""
    server = person.page.evaluate("window.witness.connections[0].getConfiguration().iceServers[0]")
    port = int(server["urls"][0].partition("?")[0].rpartition(":")[2])
    return TurnGuest(port, server["username"], server["credential"])


def follow(person: Person) -> None:
    """A second live stream of the page's session; ``liveEndedAt`` is when the box closed it, in Unix seconds."""
    person.page.evaluate("""async () => {
        const answer = await fetch("/live");
        if (!answer.ok) throw new Error(`no stream: ${answer.status}`);
        const reader = answer.body.getReader();
        (async () => {
            try { while (!(await reader.read()).done); } catch { /* cut off is ended, too */ }
            window.liveEndedAt = Date.now() / 1000;
        })();
    }""")


def test_disabled_provider_is_out_of_everything_within_seconds(
    call: tuple[Person, Person], meeting: Meeting, arrive: Arrive
) -> None:
    at_provider, at_client = call
    assert at_client.new_frames_arrive()
    follow(at_provider)
    kept = relay_of(at_provider)
    with relay_of(at_provider) as before:
        assert before.allocate() == 0
    admin = admin_at(arrive, f"/colleagues/{meeting.provider.account.id}")
    admin.press("Disable")
    admin.page.get_by_role("dialog").get_by_role("button", name="Disable", exact=True).click()
    admin.says("is disabled and signed out everywhere")
    with kept:
        assert kept.allocate() == 401
    context = at_provider.page.context
    for path in ("/live", f"{meeting.path}/visit/state"):
        assert context.request.get(f"{at_provider.url}{path}", max_redirects=0).status == 401
    disabled_at = Account.get_by_id(meeting.provider.account.id).disabled_at.timestamp()
    seconds_until(lambda: bool(at_provider.page.evaluate("window.liveEndedAt > 0")), at_most=MEDIA_S)
    assert at_provider.page.evaluate("window.liveEndedAt") - disabled_at < STREAM_S
    seconds_until(lambda: frames_have_stopped(at_client), at_most=MEDIA_S + STILL_S)
    assert not at_provider.stats().paths or frames_have_stopped(at_provider)
    with kept:
        assert kept.allocate() == 401
