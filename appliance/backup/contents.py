"""What besides the database belongs into a set, and where it goes back to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from appliance.configure.files import Owner, owner, write
from core.log import EventLog
from core.settings import Settings

log = EventLog("wellhouse.backup")

SETTINGS_COPY = "wellhouse.toml"
DATA_FOLDERS = ("documents", "rtc")  # as they are called in the data folder, and in a set
ETC = "etc"  # in a set: files that lie beside the settings

_SPOOL = "rtc/events.jsonl"
_BESIDE = ("certificates",)


def stage_files(settings: Settings, config: Path, folder: Path) -> None:
    """Lay the documents, the spool of room events, the settings and what they name into *folder*."""
    data = Path(settings.paths.data)
    documents, spool = data / "documents", data / _SPOOL
    if documents.is_dir():
        # Sealed documents are never changed in place, so the set may share them.
        shutil.copytree(documents, folder / "documents", copy_function=_link)
    if spool.exists():
        (folder / _SPOOL).parent.mkdir(parents=True)
        shutil.copyfile(spool, folder / _SPOOL)
    shutil.copyfile(config, folder / SETTINGS_COPY)
    for file in _beside(settings, config):
        target = folder / ETC / file.relative_to(config.parent)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(file, target)
        except PermissionError:
            # Root's alone. The box comes back without it, and “wellhouse check” says what is missing then.
            log.warning("backup.file_left_out", file=str(file))


def put_back_files(found: Path, config: Path, settings: Settings) -> None:
    """Put the settings and what they name to their places, where nothing lies yet. Readable by root and the portal."""
    config.parent.mkdir(parents=True, exist_ok=True)
    own = Owner(0, owner(settings.users.portal).gid) if os.geteuid() == 0 and settings.users.portal else Owner()
    for file in sorted((found / ETC).rglob("*")):
        target = config.parent / file.relative_to(found / ETC)
        if file.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, file.read_bytes(), mode=0o640, own=own)
    if not config.exists():
        write(config, (found / SETTINGS_COPY).read_bytes(), mode=0o644)


def _beside(settings: Settings, config: Path) -> list[Path]:
    """Files in the folder of *config* that a box needs again: its certificate, its mail account."""
    named = [settings.mail.password_file, settings.site.certificate, settings.site.certificate_key]
    candidates = [config.parent / name for name in _BESIDE] + [Path(name) for name in named if name]
    keys = Path(settings.paths.keys)
    files = [file for each in candidates for file in (each.rglob("*") if each.is_dir() else [each])]
    return sorted(
        {
            file
            for file in files
            if file.is_file() and file.is_relative_to(config.parent) and not file.is_relative_to(keys)
        }
    )


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
