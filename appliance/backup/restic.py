"""The restic command: encrypted, deduplicating repositories in a folder, on a NAS or in object storage."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import Refused, Unavailable
from core.settings import Backup
from webapp.crypto.keyring import Keyring

HOST = "wellhouse"  # snapshots of a restored box go on where the old one's ended
TIMEOUT_S = 3600


@dataclass(frozen=True)
class Snapshot:
    """One set in a repository. *taken_at* is aware."""

    id: str
    taken_at: datetime


@dataclass(frozen=True)
class Repository:
    """A target and what opens it."""

    target: str
    password: str
    credentials: dict[str, str]
    cache: Path

    @classmethod
    def of(cls, target: str, keyring: Keyring, settings: Backup, cache: Path) -> Repository:
        """The repository at *target* with this box's password."""
        return cls(target, keyring.backup_password(), _credentials(settings.credentials_file), cache)

    def provide(self) -> None:
        """Make the repository if there is none yet; Refused if there is one with another password."""
        probe = self._run("cat", "config", check=False)
        if probe.returncode == 0:
            return
        if "wrong password" in probe.stderr:
            raise Refused(f"{self.target} holds another box's backups. Choose another target, or restore that box.")
        self._run("init")

    def save(self, folder: Path) -> str:
        """Copy *folder* into the repository; the new snapshot's id."""
        done = self._run("backup", "--json", "--host", HOST, "--ignore-inode", "--ignore-ctime", ".", folder=folder)
        for line in done.stdout.splitlines():
            message = json.loads(line)
            if message.get("message_type") == "summary":
                return str(message["snapshot_id"])
        raise Unavailable(f"restic did not say that it saved anything to {self.target}.")

    def snapshots(self) -> list[Snapshot]:
        """All sets, oldest first."""
        rows: list[dict[str, Any]] = json.loads(self._run("snapshots", "--json", "--host", HOST).stdout) or []
        found = [Snapshot(row["id"], datetime.fromisoformat(_trim(row["time"]))) for row in rows]
        return sorted(found, key=lambda snapshot: snapshot.taken_at)

    def check(self, *, read_all: bool) -> None:
        """Refused if the repository is damaged; *read_all* looks at every byte."""
        done = self._run("check", *(["--read-data"] if read_all else []), check=False)
        if done.returncode != 0:
            raise Refused(f"The backups in {self.target} are damaged: {_last_line(done.stderr)}. Use another target.")

    def restore(self, snapshot: str, folder: Path) -> None:
        """Write the files of *snapshot* into *folder*."""
        self._run("restore", snapshot, "--target", str(folder))

    def forget(self, keep: Backup) -> None:
        """Drop sets beyond what is kept, and the space that only they used."""
        self._run(
            "forget", "--host", HOST, "--group-by", "host", "--prune",
            "--keep-hourly", str(keep.keep_hourly), "--keep-daily", str(keep.keep_daily),
            "--keep-weekly", str(keep.keep_weekly), "--keep-monthly", str(keep.keep_monthly),
        )  # fmt: skip

    def _run(self, *arguments: str, folder: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        program = shutil.which("restic")
        if program is None:
            raise Refused("restic is not installed. Install it with: apt-get install restic")
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": os.environ.get("HOME", "/"),
            "RESTIC_REPOSITORY": self.target,
            "RESTIC_PASSWORD": self.password,  # not on the command line, which everybody may read
            "RESTIC_CACHE_DIR": str(self.cache),
            **self.credentials,
        }
        try:
            done = subprocess.run(  # noqa: S603  # fixed program
                [program, *arguments],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as e:
            raise Unavailable(f"{self.target} did not finish within {TIMEOUT_S // 60} minutes.") from e
        if check and done.returncode != 0:
            raise Unavailable(f"{self.target}: {_last_line(done.stderr)}")
        return done


def _credentials(file: str) -> dict[str, str]:
    if not file:
        return {}
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason"


def _trim(stamp: str) -> str:
    # restic writes nanoseconds, of which Python's reader takes six digits.
    head, dot, rest = stamp.partition(".")
    if not dot:
        return stamp
    digits = "".join(character for character in rest if character.isdigit() or character in "+-:Z")
    zone_at = next((i for i, character in enumerate(digits) if character in "+-Z"), len(digits))
    return f"{head}.{digits[:zone_at][:6]}{digits[zone_at:]}"
