"""Telling clinic IT of a trouble once, and again only after it had ended or when a week has passed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.configure.files import write
from core.clock import has_passed
from core.log import EventLog

log = EventLog("wellhouse.troubles")

REMIND_AFTER = timedelta(days=7)


class Trouble(msgspec.Struct, frozen=True):
    """*since* is when it was first met; *told_at* when somebody was told last."""

    sentence: str
    since: datetime
    told_at: datetime | None = None


class Troubles:
    """What is wrong now, by name, in a file that outlives the process. *tell* brings a sentence to somebody."""

    def __init__(self, file: Path, tell: Callable[[str, datetime], bool]) -> None:
        self._file, self._tell = file, tell
        self._known = msgspec.json.decode(file.read_bytes(), type=dict[str, Trouble]) if file.exists() else {}

    def report(self, name: str, sentence: str, *, at: datetime, patience: timedelta = timedelta(0)) -> None:
        """What was found out about *name*: a sentence, or empty if all is well.

        A trouble that ends within *patience* is told to nobody. What could not be told is tried with the next report.
        """
        if not sentence:
            if self._known.pop(name, None) is not None:
                self._keep()
            return
        known = self._known.get(name)
        since = min(known.since, at) if known else at  # a later one was noted while the clock was wrong
        trouble = Trouble(sentence, since, known.told_at if known else None)
        is_due = has_passed(REMIND_AFTER, trouble.told_at, at=at)
        if is_due and at - trouble.since >= patience and self._tell(sentence, at):
            trouble = Trouble(sentence, trouble.since, at)
        self._known[name] = trouble
        self._keep()

    def lasting(self, name: str) -> bool:
        """Whether *name* is in trouble now."""
        return name in self._known

    def forget_all_but(self, names: set[str]) -> None:
        """Drop what is about things that the settings name no more."""
        if gone := set(self._known) - names:
            self._known = {name: trouble for name, trouble in self._known.items() if name not in gone}
            self._keep()

    def _keep(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write(self._file, msgspec.json.encode(self._known), mode=0o600)
        except OSError as e:  # a full disk is what may have been told just now; this process knows that it was
            log.warning("trouble.not_noted", why=e.strerror)
