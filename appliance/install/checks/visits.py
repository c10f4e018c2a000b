"""Visits that are on now. What is new in the box is started anew, and that ends them."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

from appliance.checks.finding import Finding, warning
from appliance.install.checks.plan import Plan

_WITHIN_S = 3.0


def check(plan: Plan) -> Iterator[Finding]:
    people = inside(plan.settings.paths.control_socket)
    if people:
        yield warning(
            f"{people} people are in visits now. If anything in the box is new, its parts are started again: their "
            "sound and pictures end for about a minute, and come back by themselves.",
            "Wait until the visits are over, or tell them first. A run that changes nothing ends no visit.",
        )


def inside(control_socket: Path) -> int:
    """How many people the media server has in its rooms (rtc/CONTROL.md); 0 if it does not run."""
    connection = http.client.HTTPConnection("rtc", timeout=_WITHIN_S)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
            opened.settimeout(_WITHIN_S)
            opened.connect(str(control_socket))
            connection.sock = opened
            connection.request("GET", "/v1/health")
            return int(json.loads(connection.getresponse().read())["participants"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return 0
