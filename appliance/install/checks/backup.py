"""Where backups go: somewhere, and somewhere else than the data."""

from __future__ import annotations

import pwd
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.checks.finding import Finding, error, ok, warning
from appliance.install.checks.plan import Plan, existing
from appliance.install.reading import REMOTE_TARGETS

_WITHIN_S = 5.0
# What wellhouse.service does not see, or sees otherwise: ProtectHome, PrivateTmp, PrivateDevices and the kernel's own.
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp", "/dev", "/proc", "/sys")  # noqa: S108  # none is used
_ACCOUNT = "wellhouse"
_USUAL_PORTS = {"sftp": 22, "http": 80, "https": 443}


def check(plan: Plan) -> Iterator[Finding]:
    if not plan.answers.backup:
        yield warning("There will be no backups: a broken disk takes everything with it.", "Name a target soon.")
    for target in plan.answers.backup:
        if target.startswith(REMOTE_TARGETS):
            yield reached(target)
        elif hidden := next((place for place in _HIDDEN if Path(target).is_relative_to(place)), ""):
            yield error(
                f"{target} cannot be used: the appliance is kept away from {hidden}.",
                "Choose another folder, as /srv/backup, or one on a disk that is mounted below /mnt.",
            )
        else:
            yield from writable(Path(target))
            yield folder(Path(target), Path(plan.settings.paths.data), has_own_disk=bool(plan.answers.data_device))


def folder(target: Path, data: Path, *, has_own_disk: bool) -> Finding:
    """Whether a backup in *target* would outlive the disk of *data*, which may get a disk of its own now."""
    if target.resolve().is_relative_to(data.resolve()):
        return error(f"{target} lies inside the data, which it should save.", "Name a folder on another disk or a NAS.")
    if not has_own_disk and existing(target).stat().st_dev == existing(data).stat().st_dev:
        return warning(
            f"{target} lies on the same disk as the data: it helps after a mistake, not when the disk breaks.",
            "Mount another disk or a NAS there, or add a second target.",
        )
    return ok(f"Backups go to {target}, on another disk than the data.")


def writable(target: Path) -> Iterator[Finding]:
    """Says if *target* is there and is not the appliance's to write into. One that is absent is made as it must be."""
    if not target.exists():
        return
    status = target.stat()
    owner = target.owner() if _is_known(status.st_uid) else ""
    if target.is_dir() and (owner == _ACCOUNT or status.st_mode & stat.S_IWOTH):
        return
    whose = owner or status.st_uid
    yield warning(
        f"{target} is there already and belongs to {whose}: the account {_ACCOUNT} may not write there.",
        f"Name a folder in it that is not there yet, as {target / 'wellhouse'}, which is then made, or give it away "
        f"once the account exists: sudo chown {_ACCOUNT}: {target}",
    )


def _is_known(uid: int) -> bool:
    return uid in {account.pw_uid for account in pwd.getpwall()}


def reached(target: str) -> Finding:
    """Whether the machine that *target* names answers at its port; what it lets us do shows the first backup."""
    host, port = host_of(target)
    try:
        socket.create_connection((host, port), timeout=_WITHIN_S).close()
    except OSError as e:
        return warning(
            f"The backup's target {host}:{port} does not answer: {e.strerror or e}.",
            "Open the way to it; “wellhouse backup now” tries it.",
        )
    return ok(f"The backup's target {host} answers.")


def host_of(target: str) -> tuple[str, int]:
    """Host and port in a target of restic's: sftp:user@host:/path, sftp://user@host:port//path, s3:https://host/bucket."""
    kind, _, rest = target.partition(":")
    scheme, slashes, place = rest.partition("://")
    if not slashes:
        scheme, place = kind, rest.removeprefix("//")
    authority = re.split(r"[/?]", place, maxsplit=1)[0].rpartition("@")[2]
    host, _, port = authority.partition(":")
    usual = _USUAL_PORTS.get(scheme, _USUAL_PORTS["https"])
    return host, int(port) if port.isdigit() else usual
