"""The media server answers, and offers an address that coturn may reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from core.addresses import relay_address


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    answer = health.media_health(box.settings)
    if answer is None:
        yield error("The media server does not answer: nobody can enter a visit.", "Look at its log, rtc.log.")
        return
    yield ok(
        f"The media server answers; {answer.get('participants', 0)} people are in {answer.get('rooms', 0)} visits."
    )
    offered = answer.get("addresses")
    peer = relay_address(box.settings.rtc)
    if isinstance(offered, list) and peer not in offered:
        yield error(
            f"coturn may relay to {peer} only, which the media server does not offer: the machine's addresses changed.",
            "Both follow within half a minute. If this stays: run “wellhouse configure” and restart the appliance.",
        )
