"""Every part runs, and keeps running."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from appliance.configure.parts import parts_of
from appliance.supervisor import control


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    try:
        known = control.parts(box.places.supervisor_socket)
    except control.NotRunning:
        yield error("The appliance is not running.", "Start it: “wellhouse up”, or systemctl start wellhouse")
        return
    bad = False
    for name in parts_of(box.settings):
        part = known.get(name)
        if part is None:
            bad = True
            yield error(f"supervisord does not know {name}.", "Run “wellhouse configure” and restart the appliance.")
        elif part.state is not control.State.RUNNING:
            bad = True
            log = box.places.log / f"{name}.log"
            yield error(f"{name} does not run ({part.state.lower()}: {part.said}).", f"Look at {log}.")
    if not bad:
        yield ok("All parts run.")
