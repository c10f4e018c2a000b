"""A new certificate in the middle of a call; `make bench-reloads` does it a hundred times."""

from __future__ import annotations

from tests.browser.visit.box import Box
from tests.browser.visit.conftest import Enter
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import until
from tests.browser.visit.reloads import reload_again_and_again


def test_new_certificates_drop_no_call_neither_straight_nor_relayed_over_tls(
    box: Box, provider: Enter, client: Enter, meeting: Meeting
) -> None:
    at_provider, at_client = provider(path="direct"), client(path="relay-tls")
    at_client.go(f"{meeting.path}/visit")
    at_client.press("Enter waiting room")
    at_provider.go(f"{meeting.path}/visit")
    at_provider.press("Admit")
    for person, other in ((at_provider, PURPLE), (at_client, GREEN)):
        until(lambda person=person, other=other: person.sees(other), "picture of the other")
    assert (set(at_provider.stats().paths), set(at_client.stats().paths)) == ({"direct-udp"}, {"relay-tls"})
    disturbed = reload_again_and_again(box, (at_provider, at_client), 5)
    assert disturbed.ended == ()
    assert max(disturbed.workers) <= 2 * (1 + 2)  # two each: those of now, of before, and a few that are about to end
    at_client.press("Chat")
    at_client.write("Still here")
    until(lambda: at_client.reads() == ["Still here"], "line of chat, over a new connection")
