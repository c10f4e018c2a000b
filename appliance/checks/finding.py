"""What a check has to say."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing, and as it should be here
    WARNING = "warning"  # works, but not for ever or not for everybody
    ERROR = "error"  # does not work, or is not safe


@dataclass(frozen=True)
class Finding:
    """*sentence* says what is so; *then* what to do about it, for warnings and errors."""

    level: Level
    sentence: str
    then: str = ""


def ok(sentence: str) -> Finding:
    return Finding(Level.OK, sentence)


def note(sentence: str) -> Finding:
    return Finding(Level.NOTE, sentence)


def warning(sentence: str, then: str) -> Finding:
    return Finding(Level.WARNING, sentence, then)


def error(sentence: str, then: str) -> Finding:
    return Finding(Level.ERROR, sentence, then)


def unless_demo(finding: Finding, *, demo: bool) -> Finding:
    """A warning that is expected of a demonstration becomes a note in one."""
    return Finding(Level.NOTE, finding.sentence, finding.then) if demo else finding
