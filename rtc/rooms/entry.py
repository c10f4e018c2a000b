"""Who may enter: grants that a known key signed, once each, and not after the right was withdrawn.

What was used and withdrawn is in memory only. So that a restart forgets neither, grants from before it are refused.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core import grant_keys, grants
from core.errors import Refused
from core.grants import Grant, GrantRefused
from core.log import EventLog

log = EventLog(__name__)

# Ids stand in session descriptions and URLs; whatever the portal signs, they can break neither.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REMEMBERED_S = grants.LIFETIME_S + grants.CLOCK_SKEW_S  # by then no grant issued before can be in its life


class Keys:
    """The portal's public keys by id, read from a file that may change while we run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._version: tuple[int, int] | None = None
        self._keys: dict[str, Ed25519PublicKey] = {}

    def current(self) -> dict[str, Ed25519PublicKey]:
        return self._keys

    def reread(self) -> bool:
        """True if the file had changed since it was last read and could be read."""
        try:
            status = self._file.stat()
            version = (status.st_mtime_ns, status.st_ino)
            if version == self._version:
                return False
            self._keys = grant_keys.load(self._file)
        except (Refused, OSError) as e:
            log.warning("grant_keys.unreadable", file=str(self._file), why=str(e))
            return False
        self._version = version
        log.info("grant_keys.read", keys=sorted(self._keys))
        return True


class Doorkeeper:
    """Judges grants. *booted_at* is Unix seconds."""

    def __init__(self, keys: Keys, booted_at: float) -> None:
        self._keys = keys
        self._booted_at = math.floor(booted_at)  # grants carry whole seconds
        self._used: dict[str, float] = {}  # grant id → when it may be forgotten
        self._withdrawn: dict[tuple[str, str], float] = {}  # (room, participant or "" for all) → when

    def judge(self, text: str, at: float) -> Grant:
        """The grant in *text* if it opens a room now; else GrantRefused. It stays unused until :meth:`use`."""
        grant = self._verified(text, at)
        if not (_ID.fullmatch(grant.room) and _ID.fullmatch(grant.participant)):
            raise GrantRefused("malformed")
        if grant.id in self._used:
            raise GrantRefused("used")
        for scope in ((grant.room, grant.participant), (grant.room, "")):
            if grant.issued_at <= self._withdrawn.get(scope, -math.inf):
                raise GrantRefused("withdrawn")
        if grant.issued_at < self._booted_at:
            raise GrantRefused("expired")
        return grant

    def use(self, grant: Grant) -> None:
        """It has opened a room; it opens none again."""
        self._used[grant.id] = grant.expires_at

    def withdraw(self, room: str, participant: str, at: float) -> None:
        """Refuse what was issued up to *at* for *participant*; an empty one stands for everybody."""
        self._withdrawn[room, participant] = at

    def forget(self, at: float) -> None:
        """Drop what the grants' short life makes needless."""
        self._used = {key: until for key, until in self._used.items() if until >= at}
        self._withdrawn = {scope: since for scope, since in self._withdrawn.items() if since + _REMEMBERED_S >= at}

    def _verified(self, text: str, at: float) -> Grant:
        try:
            return grants.verify(text, self._keys.current(), at=at)
        except GrantRefused as e:
            # An unknown key may be one that was added since; a changed file is read once.
            if e.reason != "signature" or not self._keys.reread():
                raise
        return grants.verify(text, self._keys.current(), at=at)
