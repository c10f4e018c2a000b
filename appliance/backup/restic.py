"""The restic command: encrypted, deduplicating repositories in a folder, on a NAS or in object storage."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.backup import process
from appliance.backup.access import Access, access, is_folder
from appliance.backup.process import Done
from core.errors import Refused, Unavailable
from core.settings import Backup
from webapp.crypto.keyring import Keyring

HOST = "wellhouse"  # snapshots of a restored box go on where the old one's ended
QUICK_S = 45.0  # for what is asked while somebody, or the alert of five minutes, waits
NEWEST = "latest"

_WRONG_PASSWORD = "wrong password"  # noqa: S105  # restic's words
_LOCKED = "already locked"  # restic's words, too
_NUMBER_TAG = "number-"


@dataclass(frozen=True)
class Snapshot:
    """One set in a repository. *taken_at* is aware; *number* is what its manifest should say, 0 if it is not told."""

    id: str
    taken_at: datetime
    number: int


@dataclass(frozen=True)
class Repository:
    """A target and what opens it."""

    target: str
    password: str
    opened_by: Access
    cache: Path

    @classmethod
    def of(cls, target: str, keyring: Keyring, settings: Backup, cache: Path) -> Repository:
        """The repository at *target* with this box's password."""
        return cls(target, keyring.backup_password(), access(target, settings.credentials_file), cache)

    def provide(self, *, known: bool) -> None:
        """Make the repository if there is none yet. Refused if there is one with another password.

        *known*: this box has saved there before. Then nothing is made: what is missing is a disk that is not mounted,
        or copies that somebody removed.
        """
        probe = self._run("cat", "config", "--no-lock", limit_s=QUICK_S, check=False)
        if probe.returncode == 0:
            return
        if _WRONG_PASSWORD in probe.stderr:
            raise Refused(f"{self.target} holds another box's backups. Choose another target, or restore that box.")
        if known:
            raise Unavailable(self._missing(probe))
        made = self._run("init", limit_s=QUICK_S, check=False)
        if made.returncode != 0:
            raise Unavailable(f"{self.target} cannot be used: {_last_line(made.stderr)}")

    def save(self, folder: Path, *, number: int) -> str:
        """Copy *folder* into the repository; the new snapshot's id, or the beginning of it (before restic 0.15)."""
        # Inode numbers and change times are another at each staging, and say nothing about the content.
        command = (
            "backup", "--json", "--host", HOST, "--tag", f"{_NUMBER_TAG}{number}",
            "--ignore-inode", "--ignore-ctime", ".",
        )  # fmt: skip
        done = self._run(*command, folder=folder, check=False)
        if _is_locked(done):
            self._remove_stale_locks()
            done = self._run(*command, folder=folder, check=False)
        if _is_locked(done):
            why = next(line.strip() for line in done.stderr.splitlines() if _LOCKED in line)
            raise Unavailable(f"Somebody else is working on the backups at {self.target} just now: {why}.")
        if done.returncode != 0:
            raise Unavailable(f"{self.target}: {_last_line(done.stderr)}")
        for line in done.stdout.splitlines():
            message = json.loads(line)
            if message.get("message_type") == "summary":
                return str(message["snapshot_id"])
        raise Unavailable(f"restic did not say that it saved anything to {self.target}.")

    def snapshots(self, *, unreadable_too: bool = False) -> list[Snapshot]:
        """All sets, oldest first: by their numbers, as the clock may have been wrong for a time.

        Unavailable if the target is not there; Refused if the password does not fit, or if a set cannot be read: the
        newest might be it, and an older one pass for the newest. *unreadable_too* leaves those out instead.
        """
        done = self._run("snapshots", "--json", "--host", HOST, "--no-lock", limit_s=QUICK_S, check=False)
        if done.returncode != 0:
            if _WRONG_PASSWORD in done.stderr:
                raise Refused(f"The recovery key does not open the backups at {self.target}. Is it another box's?")
            raise Unavailable(self._missing(done))
        unread = [line for line in done.stderr.splitlines() if "snapshot" in line or "Ignoring" in line]
        if unread and not unreadable_too:
            raise Refused(
                f"A backup set at {self.target} is damaged ({unread[0].strip()}), and may be the newest. Use another "
                "target, or name the set that you want: see “wellhouse backup list”, and restore it with --snapshot."
            )
        rows: list[dict[str, Any]] = json.loads(done.stdout) or []
        found = [Snapshot(row["id"], datetime.fromisoformat(_trim(row["time"])), _number(row)) for row in rows]
        return sorted(found, key=lambda snapshot: (snapshot.number, snapshot.taken_at))

    def size_bytes(self, snapshot: str) -> int:
        """Bytes that the files of *snapshot* will need."""
        done = self._run("stats", "--json", "--mode", "restore-size", "--no-lock", snapshot, check=False)
        if done.returncode != 0:
            raise Refused(self._damaged(snapshot, done))
        return int(json.loads(done.stdout.splitlines()[-1])["total_size"])

    def file(self, snapshot: str, name: str) -> bytes:
        """The content of one small file of *snapshot*; Refused if it is not in there."""
        done = self._run("dump", "--no-lock", snapshot, f"/{name}", check=False)
        if done.returncode != 0:
            raise Refused(f"The backup set {snapshot[:8]} at {self.target} has no readable {name}.")
        return done.stdout.encode()

    def check(self, *, part: int, of: int) -> None:
        """Look at the repository's structure, and at every byte of one *part* (from 1) *of* its packs.

        Refused if anything in it is damaged.
        """
        done = self._run("check", "--no-lock", f"--read-data-subset={part}/{of}", check=False)
        if done.returncode != 0:
            raise Refused(
                f"The backups at {self.target} are damaged: {_last_line(done.stderr)}. Those at other targets are not "
                "touched by that. Make a new repository in an empty folder or bucket, and name it in [backup] targets."
            )

    def restore(self, snapshot: str, folder: Path) -> None:
        """Write the files of *snapshot* into *folder*. Refused if what is needed for it is missing or damaged."""
        done = self._run("restore", snapshot, "--target", str(folder), "--no-lock", check=False)
        if done.returncode != 0:
            raise Refused(self._damaged(snapshot, done))

    def forget(self, keep: Backup) -> None:
        """Drop sets beyond what is kept, and the space that only they used."""
        self._remove_stale_locks()
        self._run(
            "forget", "--host", HOST, "--group-by", "host", "--prune",
            "--keep-hourly", str(keep.keep_hourly), "--keep-daily", str(keep.keep_daily),
            "--keep-weekly", str(keep.keep_weekly), "--keep-monthly", str(keep.keep_monthly),
        )  # fmt: skip

    def _remove_stale_locks(self) -> None:
        """Remove the locks of processes that are gone; while old sets were dropped, such a lock shuts everybody out."""
        self._run("unlock", limit_s=QUICK_S)

    def _damaged(self, snapshot: str, done: Done) -> str:
        return (
            f"The backup set {snapshot[:8]} at {self.target} is damaged ({_last_line(done.stderr)}). "
            "Use another target, or an older set with --snapshot."
        )

    def _missing(self, done: Done) -> str:
        why = _last_line(done.stderr)
        if is_folder(self.target) and (Path(self.target) / "config").exists():
            return f"The backup repository at {self.target} is damaged ({why}). Use another target."
        if is_folder(self.target):
            return f"There is no backup repository at {self.target}. Is the disk mounted? ({why})"
        return f"{self.target} does not answer, or has no backup repository: {why}"

    def _run(
        self, *arguments: str, folder: Path | None = None, limit_s: float | None = None, check: bool = True
    ) -> Done:
        program = shutil.which("restic")
        if program is None:
            raise Refused("restic is not installed. Install it with: apt-get install restic")
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": os.environ.get("HOME", "/"),
            "RESTIC_REPOSITORY": self.target,
            "RESTIC_PASSWORD": self.password,  # not on the command line, which everybody may read
            "RESTIC_CACHE_DIR": str(self.cache),
            **self.opened_by.environment,
        }
        done = process.run(
            [program, *self.opened_by.options, *arguments],
            environment,
            about=self.target,
            folder=folder,
            limit_s=limit_s,
        )
        if check and done.returncode != 0:
            raise Unavailable(f"{self.target}: {_last_line(done.stderr)}")
        return done


def _number(row: dict[str, Any]) -> int:
    told = [tag.removeprefix(_NUMBER_TAG) for tag in row.get("tags") or [] if tag.startswith(_NUMBER_TAG)]
    return int(told[0]) if told and told[0].isdigit() else 0


def _is_locked(done: Done) -> bool:
    return done.returncode != 0 and _LOCKED in done.stderr


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip().rstrip(".") if lines else "it gave no reason"


def _trim(stamp: str) -> str:
    # restic writes nanoseconds, of which Python's reader takes six digits.
    head, dot, rest = stamp.partition(".")
    if not dot:
        return stamp
    digits = "".join(character for character in rest if character.isdigit() or character in "+-:Z")
    zone_at = next((i for i, character in enumerate(digits) if character in "+-Z"), len(digits))
    return f"{head}.{digits[:zone_at][:6]}{digits[zone_at:]}"
