"""nginx accepts its configuration, and the site answers through it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from appliance.configure.programs import fault_of_nginx_conf


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    places = box.places
    fault = fault_of_nginx_conf(places.nginx_run, places.nginx_conf)
    if fault:
        yield error(f"nginx refuses its configuration: {fault}", "Run “wellhouse configure”.")
    else:
        yield ok("nginx accepts its configuration.")
    try:
        status, _ = health.ask_site(box.settings, "/healthz")
    except (OSError, http.client.HTTPException) as e:
        yield error(f"The site does not answer on port {box.settings.ports.https}: {e}.", "Look at nginx.log.")
        return
    if status == http.client.OK:
        yield ok(f"The site answers at {box.settings.origin}.")
    else:
        yield error(f"The site answers with status {status} instead of 200.", "Look at portal.log.")
