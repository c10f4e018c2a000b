"""Two people meet: through nginx over TLS, on every path that media can take."""

from __future__ import annotations

import pytest

from tests.browser.visit.conftest import Enter
from tests.browser.visit.meeting import CLIENT, PASSWORD, Meeting, Somebody
from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import Person, until

WAYS = {
    "straight over UDP": ("direct", False, "direct-udp"),
    "through the relay over UDP": ("relay-udp", False, "relay-udp"),
    "through the relay over TLS": ("relay-tls", False, "relay-tls"),
    "on a phone": ("direct", True, "direct-udp"),
}


def sign_in(person: Person, who: Somebody) -> None:
    person.page.get_by_label("Email").fill(who.account.email)
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.press("Sign in")


@pytest.mark.parametrize(("path", "phone", "taken"), WAYS.values(), ids=WAYS)
def test_two_people_sign_in_meet_write_and_find_it_in_the_history(
    provider: Enter, client: Enter, meeting: Meeting, path: str, phone: bool, taken: str
) -> None:
    at_provider, at_client = provider(signed_in=False, path=path), client(signed_in=False, path=path, phone=phone)
    for person, who in ((at_client, meeting.client), (at_provider, meeting.provider)):
        person.go(meeting.path)
        sign_in(person, who)
    at_client.page.get_by_role("link", name="Join").or_(at_client.page.get_by_role("button", name="Join")).click()
    at_client.press("Enter waiting room")
    at_client.page.get_by_text("Your provider will be with you shortly").wait_for()
    assert at_client.stats().paths == (), "who waits has no connection"

    at_provider.page.get_by_role("link", name="Join").or_(at_provider.page.get_by_role("button", name="Join")).click()
    at_provider.page.get_by_text(f"{CLIENT} is waiting").last.wait_for()
    at_provider.press("Admit")

    for person, other in ((at_provider, PURPLE), (at_client, GREEN)):
        until(lambda person=person, other=other: person.sees(other), "picture of the other")
        until(lambda person=person, other=other: person.hears(other), "sound of the other")
        before = person.stats()
        assert set(before.paths) == {taken}
        assert person.new_frames_arrive()
        assert person.stats().audio_energy > before.audio_energy

    for person, words in ((at_provider, "How was the first day back?"), (at_client, "Long, but good.")):
        person.press("Chat")
        person.write(words)
    both = ["How was the first day back?", "Long, but good."]
    for person in (at_provider, at_client):
        until(lambda person=person: person.reads() == both, "both lines of the chat")

    at_client.press("Leave")
    at_client.page.get_by_role("heading", name="You left the visit").wait_for()
    at_provider.page.get_by_text(f"{CLIENT} has left.").last.wait_for(state="attached")
    at_provider.press("Leave")
    at_provider.press("End the visit for everyone")
    at_provider.page.get_by_role("link", name="Chat and attendance").click()
    for words in both:
        at_provider.page.get_by_text(words).wait_for()
