"""At a desk in the clinic, far away, and behind a strict firewall: all meet, though the router has no hairpin."""

from __future__ import annotations

from typing import Any

from tests.browser.nat.clinic import BOX, PUBLIC, Clinic
from tests.browser.nat.guests import receives, room, sees, ways
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.person import until
from tests.networks import NEEDS_NETWORKS

pytestmark = NEEDS_NETWORKS


def test_everybody_receives_everybody_each_by_their_own_way(
    clinic: Clinic, around: dict[str, Any], meeting: Meeting
) -> None:
    with room(around, meeting) as inside:
        for person in inside.everybody:
            until(lambda person=person: sees(person, inside.others(person)), "both others", within_s=30)
        for person in inside.everybody:
            assert receives(person, voices=2, pictures=2)
        assert ways(inside.desk) == {f"udp {BOX}"}
        assert ways(inside.far) == {f"udp {PUBLIC}"}
        assert ways(inside.strict) == {f"relay-tls {BOX}"}
