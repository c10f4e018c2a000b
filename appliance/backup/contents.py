"""What besides the database belongs into a set, and where it goes back to."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable
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
        shutil.copytree(documents, folder / "documents", copy_function=_link, ignore=_strangers)
    _copy_spool(spool, folder / _SPOOL)
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
        if file.is_file() and not target.exists() and _belongs_beside(target, settings, config):
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, file.read_bytes(), mode=0o640, own=own)
    if not config.exists():
        write(config, (found / SETTINGS_COPY).read_bytes(), mode=0o644)


def _beside(settings: Settings, config: Path) -> list[Path]:
    """Files in the folder of *config* that a box needs again: its certificate, its mail account."""
    candidates = [*(config.parent / name for name in _BESIDE), *_named(settings)]
    files = [file for each in candidates for file in (each.rglob("*") if each.is_dir() else [each])]
    return sorted({file for file in files if file.is_file() and _belongs_beside(file, settings, config)})


def _belongs_beside(file: Path, settings: Settings, config: Path) -> bool:
    """Whether *file* is of those that a set holds: no key, and nothing that another program reads as its settings."""
    if not file.is_relative_to(config.parent) or file.is_relative_to(settings.paths.keys):
        return False
    return file.relative_to(config.parent).parts[0] in _BESIDE or file in _named(settings)


def _named(settings: Settings) -> list[Path]:
    named = (settings.mail.password_file, settings.site.certificate, settings.site.certificate_key)
    return [Path(name) for name in named if name]


def _copy_spool(spool: Path, target: Path) -> None:
    """Copy the media server's spool, if it is a file: that part may read no secret, so we follow no link of its."""
    try:
        descriptor = os.open(spool, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would let us wait
    except FileNotFoundError:
        return
    except OSError as e:
        if e.errno != errno.ELOOP:
            raise
        log.warning("backup.file_left_out", file=str(spool))
        return
    with os.fdopen(descriptor, "rb") as source:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            log.warning("backup.file_left_out", file=str(spool))
            return
        target.parent.mkdir(parents=True)
        with target.open("xb") as copy:
            shutil.copyfileobj(source, copy)


def _strangers(folder: str, names: Iterable[str]) -> list[str]:
    """What in *folder* is neither a file nor a folder. Documents are files; a link was put there by somebody else."""
    modes = {name: (Path(folder) / name).lstat().st_mode for name in names}
    found = [name for name, mode in modes.items() if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))]
    if found:
        log.warning("backup.files_left_out", count=len(found))
    return found


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
