"""Proving again who one is, just before something that matters (ASVS 7.5.1, 7.5.3)."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from core.errors import Refused
from webapp.access.sessions import LiveSession

FRESH_FOR = timedelta(minutes=5)


class StepUp(enum.StrEnum):
    """What a route asks for besides being signed in, given within the last five minutes."""

    CONFIRM = "confirm"  # a second factor where one is enrolled, else the password
    PASSWORD_TOO = "password"  # noqa: S105  # a word of the URL: the password first, then the second factor if there is one


class ProofNeeded(Refused):
    """Something was sent without a fresh proof, and not done; at *url* one gives it and comes back to the form."""

    def __init__(self, url: str) -> None:
        super().__init__("Please show once more that it is you, then send it again. Nothing was changed.")
        self.url = url


def is_fresh(session: LiveSession | None, step_up: StepUp, *, at: datetime) -> bool:
    """Whether *session* holds the proofs that *step_up* asks for."""
    if session is None or not _within(session.confirmed_at, at):
        return False
    return step_up is StepUp.CONFIRM or _within(session.password_at, at)


def _within(given_at: datetime | None, at: datetime) -> bool:
    return given_at is not None and at - given_at <= FRESH_FOR
