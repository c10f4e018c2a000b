"""The audit record is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from appliance import portal_steps
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok
from core.errors import Refused


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    try:
        verdict = portal_steps.run("verify-audit", box.settings, box.config)
    except Refused as e:
        yield error(f"The audit record could not be read. {e.sentence}", "Mend the database first.")
        return
    if verdict["fault"]:
        yield error(verdict["fault"], "Somebody changed the database by hand. Keep a copy of it and compare backups.")
    else:
        yield ok(f"The audit record is whole ({verdict['rows']} rows).")
