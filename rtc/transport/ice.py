"""The controlled, lite half of ICE for one leg (RFC 8445; consent: RFC 7675). No I/O; time is given."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass

from rtc.dataplane.interface import Path
from rtc.transport.stun import answer, read_check

CONSENT_S = 30.0  # RFC 7675, 5.1
PATHS_MOST = 16
TRANSACTIONS_MOST = 2048  # half an hour of a quiet call's checks


@dataclass(frozen=True)
class Credentials:
    """Our user name fragment and password."""

    ufrag: str
    pwd: str


def new_credentials() -> Credentials:
    """64 random bits of name, as strangers are told apart by it, and 128 of password (RFC 8445, 5.3)."""
    return Credentials(secrets.token_hex(8), secrets.token_hex(16))


class IceAgent:
    """Credentials of both sides and the paths that proved themselves with them."""

    def __init__(self) -> None:
        self._ours: list[Credentials] = [new_credentials()]  # oldest first
        # The browser's last fragments: while ICE restarts, the one before is in use, too.
        self._theirs: deque[str] = deque(maxlen=3)
        self._heard: dict[Path, float] = {}  # least recently heard first
        self._early: dict[Path, str] = {}  # those that were heard before `accept`, and with which fragment
        self._nominated: Path | None = None
        self._seen: OrderedDict[bytes, Path] = OrderedDict()  # transaction ids, oldest first, and where they came from

    @property
    def credentials(self) -> Credentials:
        """The newest of ours."""
        return self._ours[-1]

    @property
    def fragments(self) -> list[str]:
        """All of ours that are still good."""
        return [credentials.ufrag for credentials in self._ours]

    def accept(self, ufrag: str) -> None:
        """Answer checks of a browser whose newest fragment is *ufrag*, and from the first call on of no other."""
        if ufrag not in self._theirs:
            self._theirs.append(ufrag)
        for path in [path for path, fragment in self._early.items() if fragment != ufrag]:
            self._forget(path)
        self._early.clear()

    def restart(self) -> Credentials:
        """New credentials; those before stay good until a check with the new ones has succeeded."""
        # The oldest are those in use; the newest before these may be on their way to a browser.
        self._ours = list(dict.fromkeys((self._ours[0], self._ours[-1], new_credentials())))
        return self.credentials

    def check(self, ours: str, theirs: str, datagram: bytes, path: Path, at: float) -> bytes | None:
        """The answer to a check of the user ``ours:theirs``; None, and nothing changed, if it is not authentic.

        Our password alone proves that the browser has our description, so a check may overtake the browser's own.
        """
        if self._theirs and theirs not in self._theirs:
            return None
        credentials = next((known for known in self._ours if known.ufrag == ours), None)
        if credentials is None:
            return None
        check = read_check(datagram, credentials.pwd)
        if check is None:
            return None
        reply = answer(check, credentials.pwd, (path.remote[0].partition("%")[0], path.remote[1]))
        known = self._seen.get(check.transaction_id)
        if known is not None:
            # A browser repeats a check on the path it belongs to, and a repetition says nothing new. From elsewhere it
            # was overheard, to draw media there.
            return reply if known == path else None
        self._seen[check.transaction_id] = path
        if len(self._seen) > TRANSACTIONS_MOST:
            self._seen.popitem(last=False)
        if not self._theirs:
            self._early[path] = theirs
        elif credentials is self.credentials and theirs == self._theirs[-1]:
            self._ours = [credentials]
        self._heard.pop(path, None)
        if len(self._heard) >= PATHS_MOST:
            self._forget(next(known for known in self._heard if known != self._nominated))
        self._heard[path] = at
        # The newest nomination counts: a browser that has moved nominates its new path at once.
        if check.nominates:
            self._nominated = path
        return reply

    def knows(self, path: Path) -> bool:
        """Whether *path* has proved itself."""
        return path in self._heard

    def expire(self, at: float) -> bool:
        """Forget paths without a check for CONSENT_S; whether there was one."""
        stale = [path for path, heard_at in self._heard.items() if at - heard_at > CONSENT_S]
        for path in stale:
            self._forget(path)
        return bool(stale)

    def _forget(self, path: Path) -> None:
        del self._heard[path]
        self._early.pop(path, None)
        if path == self._nominated:
            self._nominated = None

    @property
    def paths(self) -> list[Path]:
        """From which SRTP and DTLS are taken."""
        return list(self._heard)

    @property
    def send_to(self) -> Path | None:
        """The nominated path; before there is one, that from which a check came last."""
        if self._nominated is not None:
            return self._nominated
        return next(reversed(self._heard), None)

    @property
    def heard_at(self) -> float:
        """When the last authentic check came."""
        return max(self._heard.values(), default=float("-inf"))
