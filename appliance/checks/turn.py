"""coturn answers by each of the ways that guests take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, warning


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    port = box.settings.ports.turn
    for way, answers in (("UDP", health.turn_answers), ("TCP", health.turn_tcp_answers)):
        if answers(box.settings):
            yield ok(f"coturn answers over {way} on port {port}.")
        else:
            yield error(f"coturn does not answer over {way} on port {port}.", "Look at its log, coturn.log.")
    if not box.settings.turn_tls_name:
        yield warning(
            "There is no name for TURN over TLS, as the site's own is a bare address: some firewalls keep guests out.",
            "Give the site a name in site.hostname, or TURN one in site.turn_hostname.",
        )
    elif health.turn_tls_answers(box.settings):
        yield ok(f"coturn answers over TLS as {box.settings.turn_tls_name} on port {box.settings.ports.https}.")
    else:
        yield error(
            f"coturn does not answer over TLS as {box.settings.turn_tls_name}.",
            "Run “wellhouse configure” and restart the appliance; nginx.log and coturn.log say more.",
        )
