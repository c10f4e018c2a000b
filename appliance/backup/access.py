"""What opens a target: the lines of the credentials file, as environment for restic, and the ssh command for SFTP.

The file holds ``NAME=value`` lines. Those before any heading are for every target; those below ``[target]``, written
as in [backup] targets, for that one alone.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
# These would turn restic to another repository, program or password than this box's.
_OURS = ("RESTIC_REPOSITORY", "RESTIC_PASSWORD", "RESTIC_CACHE", "LD_", "PATH", "HOME")
_SSH_KEY, _SSH_KNOWN_HOSTS = "SSH_KEY", "SSH_KNOWN_HOSTS"

_SFTP_URL = re.compile(r"sftp://(?:(?P<user>[^@/]+)@)?(?P<host>\[[^\]]+\]|[^:/]+)(?::(?P<port>\d+))?/.*")
_SFTP_SHORT = re.compile(r"sftp:(?:(?P<user>[^@/:]+)@)?(?P<host>\[[^\]]+\]|[^:/]+):.*")

# A NAS that is switched off is noticed after twenty seconds, one that hangs after forty-five. Nobody is there to
# answer a question, so none is asked.
_SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 "
    "-o ServerAliveInterval=15 -o ServerAliveCountMax=3"
)


@dataclass(frozen=True)
class Access:
    """*environment* and *options* are added to each call of restic for one target."""

    environment: dict[str, str]
    options: tuple[str, ...] = ()


def access(target: str, credentials_file: str) -> Access:
    """What opens *target*; Refused if the file is not there, is open to others, or cannot be understood."""
    known = _lines(Path(credentials_file), target) if credentials_file else {}
    ssh = {name: known.pop(name) for name in (_SSH_KEY, _SSH_KNOWN_HOSTS) if name in known}
    if not target.startswith("sftp:"):
        return Access(known)
    return Access(known, ("-o", f"sftp.command={_ssh_command(target, ssh)}"))


def is_folder(target: str) -> bool:
    """Whether *target* is a folder of this machine, where a disk may be mounted."""
    return target.startswith("/")


def _lines(file: Path, target: str) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise Refused(f"{file}, which opens the backups' target, cannot be read: {e.strerror}.") from e
    if file.stat().st_mode & 0o007:
        raise Refused(f"{file} can be read by everybody. Run: chmod 0640 {file}")
    known: dict[str, str] = {}
    meant = True
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("[") and text.endswith("]"):
            meant = text[1:-1].strip() == target
            continue
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or _NAME.fullmatch(name) is None or name.startswith(_OURS):
            # The line itself may be a secret.
            raise Refused(
                f"Line {number} of {file} is not NAME=value, as AWS_ACCESS_KEY_ID=…, or may not be set there."
            )
        if meant:
            known[name] = value.strip()
    return known


def _ssh_command(target: str, ssh: dict[str, str]) -> str:
    found = _SFTP_URL.fullmatch(target) or _SFTP_SHORT.fullmatch(target)
    if found is None:
        raise Refused(f"{target} is not understood. Write sftp:user@host:/folder or sftp://user@host:port//folder.")
    parts = found.groupdict()
    words = [_SSH]
    if _SSH_KEY in ssh:
        words.append(f"-o IdentitiesOnly=yes -i {shlex.quote(ssh[_SSH_KEY])}")
    if _SSH_KNOWN_HOSTS in ssh:
        words.append(f"-o {shlex.quote('UserKnownHostsFile=' + ssh[_SSH_KNOWN_HOSTS])}")
    if parts.get("port"):
        words.append(f"-p {parts['port']}")
    if parts["user"]:
        words.append(f"-l {shlex.quote(parts['user'])}")
    words.append(f"-s -- {shlex.quote(parts['host'].strip('[]'))} sftp")
    return " ".join(words)
