"""The audit record is whole, and ends where it is remembered to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from appliance import audit_anchor, portal_steps
from appliance.box import Box
from appliance.checks.finding import Finding, error, ok, warning
from appliance.configure.keys import load_keyring
from core.errors import Refused
from webapp.audit.anchor import Anchor


class Verdict(msgspec.Struct, frozen=True):
    """*fault* is a sentence or empty; *ends* how many remembered ends it was compared with, *unread* which were not."""

    rows: int
    fault: str
    end: Anchor
    ends: int
    unread: tuple[str, ...]


def check(box: Box, _at: datetime) -> Iterator[Finding]:
    try:
        verdict = verify(box)
    except Refused as e:
        yield error(f"The audit record could not be read. {e.sentence}", "Mend the database first.")
        return
    if verdict.fault:
        yield error(verdict.fault, "Somebody changed the database by hand. Keep a copy of it and compare backups.")
    else:
        yield ok(f"The audit record is whole ({verdict.rows} rows).")
    for sentence in verdict.unread:
        yield warning(
            f"The end of the audit record was not compared with a backup. {sentence}",
            "When that target answers again, run: wellhouse audit verify",
        )


def verify(box: Box) -> Verdict:
    """Recompute the record, compare its end with all that remember it, and remember it anew.

    Refused if the database does not open.
    """
    verdict = msgspec.convert(portal_steps.run("verify-audit", box.settings, box.config), Verdict)
    folder = Path(box.settings.paths.etc)
    if not verdict.fault and os.access(folder, os.W_OK):
        audit_anchor.remember(box.settings, load_keyring(box.settings), verdict.end)
    return verdict
