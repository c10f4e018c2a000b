"""nginx accepts its configuration, and the site answers through it."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator
from datetime import datetime

from appliance import health
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from appliance.configure.programs import find_nginx


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    places = box.places
    told = subprocess.run(  # noqa: S603  # the packaged program with our own files
        [find_nginx().program, "-t", "-q", "-e", "stderr", "-p", str(places.nginx_run), "-c", str(places.nginx_conf)],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode == 0:
        yield ok("nginx accepts its configuration.")
    else:
        yield error(f"nginx refuses its configuration: {told.stderr.strip()}", "Run “wellhouse configure”.")
    try:
        status, _ = health.ask_site(box.settings, "/healthz")
    except (OSError, http.client.HTTPException) as e:
        yield error(f"The site does not answer on port {box.settings.ports.https}: {e}.", "Look at nginx.log.")
        return
    if status == http.client.OK:
        yield ok(f"The site answers at {box.settings.origin}.")
    else:
        yield error(f"The site answers with status {status} instead of 200.", "Look at portal.log.")
