"""How a person without a photo is drawn: two letters on one of six tints."""

from __future__ import annotations

from uuid import UUID

TINTS = 6


def initials(name: str) -> str:
    """First letters of the first and last word: “Nguyễn Thị Hương” gives NH. Titles do not count. “?” for no name."""
    words = [word for word in name.split() if word[0].isalpha() and not word.endswith(".")]
    if not words:
        return "?"
    letters = words[0][0] if len(words) == 1 else words[0][0] + words[-1][0]
    return letters.upper()


def tint(person_id: UUID) -> int:
    """The tint 0 … 5 that this person has on every page."""
    return person_id.int % TINTS
