"""The few named errors. Each carries one sentence for the person who meets it."""

from __future__ import annotations


class WellhouseError(Exception):
    """Base of the errors that a person may read. The first argument is the sentence."""

    @property
    def sentence(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotFound(WellhouseError):
    """It does not exist, or it is not yours: the two are never told apart."""


class Refused(WellhouseError):
    """You are known, and this is not allowed (now, from here, in this role)."""


class Invalid(WellhouseError):
    """What was given cannot be used; *field* names the input where there is one."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class Conflict(WellhouseError):
    """Somebody else was first, or the thing has moved on since it was shown."""


class Unavailable(WellhouseError):
    """A part of the box is not there right now. *retry_after_s* is when to ask again."""

    def __init__(self, sentence: str, *, retry_after_s: int = 5) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s
