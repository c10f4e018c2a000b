"""The clock. A certificate, a code from an authenticator app and an entry to a visit all fail when it is wrong.

It is compared with the archive that this machine gets its packages from: that is asked in any case, nobody else hears
of it, and a minute's difference is what codes can bear.
"""

from __future__ import annotations

import email.utils
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.checks.plan import Plan
from appliance.kernel_clock import synchronised

MAY_DIFFER_S = 60.0
_WITHIN_S = 8.0
_APT = Path("/etc/apt")
_RELEASE = Path(__file__).parents[3] / "pyproject.toml"  # the checkout cannot be younger than now
_SET_IT = "Set it (timedatectl set-ntp true, or the host's clock for a virtual machine)."


def check(plan: Plan) -> Iterator[Finding]:
    released = datetime.fromtimestamp(_RELEASE.stat().st_mtime, UTC)
    if plan.at < released:
        yield error(f"The clock says {plan.at:%Y-%m-%d %H:%M} UTC, which is before these files were written.", _SET_IT)
    elif synchronised():
        yield ok("The clock is kept by a time server.")
    else:
        yield from compared(plan.at, next(archives(_APT), ""))


def compared(at: datetime, url: str) -> Iterator[Finding]:
    """*at* beside the date in the answer of the server at *url*."""
    theirs = told_by(url) if url else None
    if theirs is None:
        yield warning(
            "Whether the clock is right could not be seen: no time server keeps it yet.", f"Look: date. {_SET_IT}"
        )
    elif abs((at - theirs).total_seconds()) > MAY_DIFFER_S:
        off = abs((at - theirs).total_seconds())
        yield error(
            f"The clock is {off:.0f} seconds off: it says {at:%H:%M:%S}, and it is {theirs:%H:%M:%S} UTC.", _SET_IT
        )
    else:
        yield ok("The clock agrees with the package archive's.")


def told_by(url: str) -> datetime | None:
    """The Date of the server's answer (RFC 9110, 6.6.1), whatever it answers; None without one."""
    request = urllib.request.Request(url, method="HEAD", headers={"Cache-Control": "no-cache"})  # noqa: S310  # apt's own
    try:
        with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310  # as above
            headers = answer.headers
    except urllib.error.HTTPError as e:
        headers = e.headers
    except (OSError, ValueError):
        return None
    if headers.get("Age") or not headers.get("Date"):
        return None  # a cache's copy says when it was made
    try:
        return email.utils.parsedate_to_datetime(headers["Date"])
    except ValueError:
        return None


def archives(apt: Path) -> Iterator[str]:
    """Addresses of the archives that apt is set to."""
    files: Iterable[Path] = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in (".list", ".sources") and file.is_file():
            for line in file.read_text(errors="replace").splitlines():
                if not line.lstrip().startswith("#"):
                    yield from re.findall(r"https?://\S+", line)
