"""The clinic's line gets another address in the middle of a visit. Takes minutes: ``make test-nat`` runs it."""

from __future__ import annotations

import sys
import time
from typing import Any

from tests.browser.nat.clinic import BOX, NEW_PUBLIC, PUBLIC, Clinic
from tests.browser.nat.guests import receives, room, sees, ways
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.person import until
from tests.networks import NEEDS_NETWORKS

pytestmark = NEEDS_NETWORKS

BACK_WITHIN_S = 150  # the name's old address is kept for a while, by the guests' browsers and by the media server


def test_whoever_is_cut_off_comes_back_by_the_new_address_and_nobody_else_notices(
    clinic: Clinic, around: dict[str, Any], meeting: Meeting
) -> None:
    with room(around, meeting) as inside:
        for person in inside.everybody:
            until(lambda person=person: sees(person, inside.others(person)), "both others", within_s=30)
        assert ways(inside.far) == {f"udp {PUBLIC}"}
        began_with = inside.desk.page.evaluate("window.witness.connections.length")
        moved_at = time.monotonic()
        clinic.move(NEW_PUBLIC)
        assert not _all_arrive(inside.far), "the old way is shut"
        until(lambda: ways(inside.far) == {f"udp {NEW_PUBLIC}"}, "way by the new address", within_s=BACK_WITHIN_S)
        for name, person in (("far", inside.far), ("strict", inside.strict)):
            until(lambda person=person: _all_arrive(person), "both others again", within_s=BACK_WITHIN_S)
            sys.stdout.write(f"{name} has sound and pictures again {time.monotonic() - moved_at:.0f} s after\n")
        for person in inside.everybody:
            assert receives(person, voices=2, pictures=2)
            assert person.stage() == "room", "without a press"
        assert ways(inside.desk) == {f"udp {BOX}"}
        assert inside.desk.page.evaluate("window.witness.connections.length") == began_with


def _all_arrive(person: Any) -> bool:
    try:
        return receives(person, voices=2, pictures=2, within_s=3)
    except AssertionError:
        return False
