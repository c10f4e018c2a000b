"""Answers that differ from an earlier run's, where a box that is in use cannot simply follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.checks.finding import Finding, error, warning
from appliance.install.checks.plan import Plan


def check(plan: Plan) -> Iterator[Finding]:
    if not _in_use(plan):
        return
    for name, label, now in (
        ("database", "database", str(plan.answers.database)),
        ("data-device", "disk for the data", plan.answers.data_device or "none"),
    ):
        was = plan.before.get(name, now)
        if was != now:
            yield error(
                f"This box keeps its data with another {label}: {was}, not {now}.",
                f"Answer {was}. To move, back up, install on a new machine, and run “wellhouse restore” there.",
            )
    was = plan.before.get("hostname", plan.answers.hostname)
    if was != plan.answers.hostname:
        yield warning(
            f"The site's name changes from {was} to {plan.answers.hostname}: links in old mails end, and security keys "
            "and passkeys, which are bound to the name, no longer work.",
            "Tell people to have another second factor or their recovery codes ready.",
        )


def _in_use(plan: Plan) -> bool:
    """Whether an earlier run came so far that there may be data."""
    paths = plan.settings.paths
    return any(Path(place).exists() for place in (paths.database_file, paths.plain_master_key, paths.sealed_master_key))
