"""Where the pair of chain and key lies, and how another takes its place: both files in one moment."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.configure.files import folder, write
from core.settings import Settings

CHAIN, KEY = "chain.pem", "key.pem"
_NOW = "now"  # a link to the folder of the pair that is shown


@dataclass(frozen=True)
class Pair:
    """PEM texts. *chain* begins with the site's own certificate."""

    chain: bytes
    key: bytes


def put(pair: Pair, settings: Settings, *, at: datetime) -> None:
    """Make *pair* the one that the site shows from the next reload on; the one before is kept beside it.

    Chain and key change in one rename: nginx would not start with one of each, and a power cut can come at any moment.
    """
    place = settings.paths.certificates
    folder(place, mode=0o755)
    before = (place / _NOW).resolve() if (place / _NOW).is_symlink() else None
    home = place / f"{at:%Y%m%dT%H%M%S.%f}"
    folder(home, mode=0o755)
    write(home / KEY, pair.key, mode=0o400)
    write(home / CHAIN, pair.chain, mode=0o444)
    _link(place / _NOW, home.name)
    for name in (CHAIN, KEY):
        if not (place / name).is_symlink():
            _link(place / name, f"{_NOW}/{name}")
    for old in place.iterdir():
        if (old / KEY).exists() and not old.is_symlink() and old not in (home, before):
            shutil.rmtree(old)


def _link(link: Path, target: str) -> None:
    partial = link.with_name(f".{link.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(link)
    descriptor = os.open(link.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
