"""wellhouse check: what is wrong on this box, and what to do about it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime

import msgspec

from appliance.box import Box
from appliance.checks import (
    audit,
    backup,
    certificate,
    clock,
    database,
    disk,
    dns,
    firewall,
    keys,
    mail,
    media,
    memory,
    nginx,
    ports,
    processes,
    public_address,
    settings,
    storage,
    system,
    turn,
)
from appliance.checks.finding import Finding, Level, error
from appliance.commands.target import target
from appliance.keys.place import is_locked
from appliance.plain import plain
from core.clock import utcnow
from core.errors import WellhouseError

HELP = "say what is wrong on this box and what to do about it"

SUBJECTS: dict[str, Callable[[Box, datetime], Iterator[Finding]]] = {
    "settings": settings.check,
    "keys": keys.check,
    "storage": storage.check,
    "database": database.check,
    "audit": audit.check,
    "backup": backup.check,
    "certificate": certificate.check,
    "processes": processes.check,
    "ports": ports.check,
    "nginx": nginx.check,
    "media": media.check,
    "turn": turn.check,
    "firewall": firewall.check,
    "public-address": public_address.check,
    "dns": dns.check,
    "mail": mail.check,
    "disk": disk.check,
    "memory": memory.check,
    "clock": clock.check,
    "system": system.check,
}
NEED_THE_KEY = ("settings", "database", "audit", "processes", "ports", "nginx", "media", "turn", "mail")
_EXIT = {Level.OK: 0, Level.NOTE: 0, Level.WARNING: 1, Level.ERROR: 2}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", nargs="*", choices=[[], *SUBJECTS], metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--json", action="store_true", help="for programs: a list of what was found (docs/CHECK.md)")


def run(given: argparse.Namespace) -> int:
    """0 if all is well, 1 if there are warnings, 2 if there are errors."""
    box, now = target(given), utcnow()
    worst, told = 0, []
    for name in given.subject or _worth_asking(box):
        for finding in findings(name, box, at=now):
            worst = max(worst, _EXIT[finding.level])
            told.append({"subject": name, **asdict(finding)})
            if not given.json:
                _print(name, finding)
    if given.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    return worst


def _print(name: str, finding: Finding) -> None:
    print(f"{finding.level:<8} {name:<12} {plain(finding.sentence)}")
    if finding.then:
        print(f"{'':<21} → {plain(finding.then)}", flush=True)


def _worth_asking(box: Box) -> list[str]:
    """All subjects; of a locked box those that can be looked at without its key, or it would be told many times."""
    return [name for name in SUBJECTS if not (is_locked(box.settings) and name in NEED_THE_KEY)]


def findings(subject: str, box: Box, *, at: datetime) -> Iterator[Finding]:
    """What one subject has to say; a file that is missing or closed to us is a finding, and ends only this subject."""
    try:
        yield from SUBJECTS[subject](box, at)
    except WellhouseError as e:
        yield error(e.sentence, "Then run “wellhouse check” again.")
    except (msgspec.DecodeError, UnicodeDecodeError, json.JSONDecodeError) as e:
        yield error(
            f"A file in which the box notes how its {subject} is doing is damaged: {e}.",
            f"Look for it in {box.settings.paths.data}, move it aside, and start the box again.",
        )
    except PermissionError as e:
        yield error(f"{e.filename} cannot be read by this account.", "Run this with sudo.")
    except OSError as e:
        yield error(f"{e.filename or 'The system'}: {e.strerror or e}.", "Run “wellhouse configure”, then check again.")
