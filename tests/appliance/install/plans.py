"""A plan to judge, changed where a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.install.answers import Answers
from appliance.install.checks.plan import Plan
from appliance.install.facts import Facts
from appliance.install.record import Places
from appliance.install.understood import completed, understand
from core.settings import Settings

AT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
FACTS = Facts(
    address="192.168.1.20",
    cores=2,
    memory_bytes=4 * 1024**3,
    systemd=True,
    container=False,
    tpm2=True,
    time_service="",
    ssh_ports=(22,),
    firewalls=(),
    loose_rules=(),
    unused_disks=(),
)
TEXTS = {
    "hostname": "care.clinic.example",
    "email": "it@clinic.example",
    "certificate": "local",
    "smtp": "none",
    "backup": "none",
    "public-address": "none",
}


def answers(facts: Facts = FACTS, **texts: str) -> Answers:
    """The usual answers, with those of *texts*, whose names have _ for -."""
    given = TEXTS | {name.replace("_", "-"): text for name, text in texts.items()}
    return understand(completed(given, facts), {})


def plan(folder: Path, facts: Facts = FACTS, before: dict[str, str] | None = None, **texts: str) -> Plan:
    """A plan for a machine whose files lie below *folder*."""
    paths = {"etc": "etc", "data": "data", "keys": "etc/keys", "run": "run", "log": "log"}
    settings = Settings()
    settings = replace(
        settings, paths=replace(settings.paths, **{name: str(folder / place) for name, place in paths.items()})
    )
    return Plan(answers(facts, **texts), settings, facts, Places(folder / "etc", folder / "run"), before or {}, AT)


def told(found: Any) -> dict[str, str]:
    """Sentences with what to do, by their level: those of one level in one text."""
    lines: dict[str, str] = {}
    for finding in found:
        lines[finding.level] = f"{lines.get(finding.level, '')}{finding.sentence} → {finding.then}\n"
    return lines
