"""The operating system: its updates, and the services that it gave up on."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.box import Box
from appliance.checks.finding import Finding, error, note, ok, unless_demo, warning

LISTS_OLD = timedelta(days=7)
LISTS = Path("/var/lib/apt/lists")
REBOOT = Path("/run/reboot-required")
SYSTEMD = Path("/run/systemd/system")  # sd_booted(3)

_SECURITY = re.compile(r"^Inst \S+ .*\(.*[Ss]ecurity.*\)")
_TIMEOUT_S = 60

Ask = Callable[[list[str]], str]


def check(box: Box, at: datetime) -> Iterator[Finding]:
    demo = box.settings.site.demo
    for finding in (*updates(at), *units()):
        yield unless_demo(finding, demo=demo) if finding.then else finding


def updates(at: datetime, *, lists: Path = LISTS, reboot: Path = REBOOT, ask: Ask | None = None) -> Iterator[Finding]:
    """What apt would install, looked up without changing anything and without the Internet."""
    if shutil.which("apt-get") is None:
        yield note("This system has no apt: keep it up to date by its own means.")
        return
    updated_at = max((file.stat().st_mtime for file in lists.glob("*_Packages*")), default=0.0)
    if at - datetime.fromtimestamp(updated_at, UTC) > LISTS_OLD:
        yield warning(
            "The lists of packages are more than a week old, so security updates are not known of.",
            "Run: apt-get update; and see that it runs daily (unattended-upgrades).",
        )
    told = (ask or _ask)(["apt-get", "--simulate", "-o", "Debug::NoLocking=true", "dist-upgrade"])
    waiting = [line for line in told.splitlines() if line.startswith("Inst ")]
    security = [line.split()[1] for line in waiting if _SECURITY.match(line)]
    if security:
        yield warning(
            f"{len(security)} security updates wait: {', '.join(security[:5])}{' …' if len(security) > 5 else ''}.",
            "Run: apt-get upgrade; and see that unattended-upgrades does it each night.",
        )
    else:
        yield ok(f"No security updates wait; {len(waiting)} others do." if waiting else "The system is up to date.")
    if reboot.exists():
        yield warning(
            "Updates wait for a restart of the machine.",
            "Restart it when no visit is on; “wellhouse check media” says how many people are in one.",
        )


def units(*, systemd: Path = SYSTEMD, ask: Ask | None = None) -> Iterator[Finding]:
    """The services that failed and stay down."""
    if not systemd.is_dir():
        yield note("Services are not kept by systemd here.")
        return
    told = (ask or _ask)(["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"])
    failed = [line.split()[0] for line in told.splitlines() if line.strip()]
    for unit in failed:
        say = error if unit.startswith("wellhouse") else warning
        yield say(f"{unit} has failed.", f"Run: systemctl status {unit}; when it is mended: systemctl restart {unit}")
    if not failed:
        yield ok("No service of the system has failed.")


def _ask(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # fixed commands
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
