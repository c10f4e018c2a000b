"""Each port is held by the part it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance import listeners, ports
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from appliance.supervisor import control
from core.errors import Refused


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    try:
        running = control.parts(box.places.supervisor_socket)
    except control.NotRunning:
        yield from _all_free(box)
        return
    for port in ports.needed(box.settings.ports):
        label = f"{port.number}/{port.transport}"
        part = running.get(port.part)
        holders = ports.holders(port)
        if part and part.pid and part.pid in listeners.with_ancestors(holders):
            yield ok(f"{label} is {port.part}'s.")
        elif holders:
            yield error(
                f"{label} belongs to {listeners.described(holders)} instead of {port.part}.",
                f"Stop that, or choose another for {port.setting}, and restart the appliance.",
            )
        else:
            yield error(f"Nobody listens on {label}, though {port.part} should.", f"Look at its log, {port.part}.log.")


def _all_free(box: Box) -> Iterator[Finding]:
    for port in ports.needed(box.settings.ports):
        try:
            ports.refuse_if_busy(port)
        except Refused as e:
            yield error(e.sentence, "Then start the appliance.")
    yield ok("The appliance is not running; what was not named above is free for it.")
