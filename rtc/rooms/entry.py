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
from rtc.rooms.moment import Moment

log = EventLog(__name__)

# Ids stand in session descriptions and URLs; whatever the portal signs, they can break neither.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REMEMBERED_S = grants.LIFETIME_S + grants.CLOCK_SKEW_S  # by then no grant issued before can be in its life
_ROUNDING_S = 0.001  # two clocks are not read at exactly the same instant


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
    """Judges grants. What was before is compared on the clock as it goes now: that of a box may be set while we run."""

    def __init__(self, keys: Keys, booted: Moment) -> None:
        self._keys = keys
        self._booted = booted
        self._used: dict[str, tuple[float, Moment]] = {}  # grant id → until when it is good, and when it was used
        self._withdrawn: dict[tuple[str, str], Moment] = {}  # (room, participant or "" for all) → when

    def judge(self, text: str, moment: Moment) -> Grant:
        """The grant in *text* if it opens a room now; else GrantRefused. It stays unused until :meth:`use`."""
        grant = self._verified(text, moment.at)
        if not (_ID.fullmatch(grant.room) and _ID.fullmatch(grant.participant)):
            raise GrantRefused("malformed")
        if grant.id in self._used:
            raise GrantRefused("used")
        for scope in ((grant.room, grant.participant), (grant.room, "")):
            withdrawn = self._withdrawn.get(scope)
            if withdrawn is not None and grant.issued_at <= moment.at_then(withdrawn) + _ROUNDING_S:
                raise GrantRefused("withdrawn")
        if grant.issued_at < math.floor(moment.at_then(self._booted) + _ROUNDING_S):  # grants carry whole seconds
            raise GrantRefused("expired")
        return grant

    def use(self, grant: Grant, moment: Moment) -> None:
        """It has opened a room; it opens none again."""
        self._used[grant.id] = (grant.expires_at, moment)

    def withdraw(self, room: str, participant: str, moment: Moment) -> None:
        """Refuse what was issued up to *moment* for *participant*; an empty one stands for everybody."""
        self._withdrawn[room, participant] = moment

    def forget(self, moment: Moment) -> None:
        """Drop what the grants' short life makes needless."""

        def is_recent(since: Moment) -> bool:
            return moment.tick - since.tick <= _REMEMBERED_S

        self._used = {
            key: (until, since) for key, (until, since) in self._used.items() if until >= moment.at or is_recent(since)
        }
        self._withdrawn = {scope: since for scope, since in self._withdrawn.items() if is_recent(since)}

    def _verified(self, text: str, at: float) -> Grant:
        try:
            return grants.verify(text, self._keys.current(), at=at)
        except GrantRefused as e:
            # An unknown key may be one that was added since; a changed file is read once.
            if e.reason != "signature" or not self._keys.reread():
                raise
        return grants.verify(text, self._keys.current(), at=at)
