"""What is printed at root's console, some of which a part of the box wrote down that strangers can reach."""

from __future__ import annotations

import unicodedata

_COMMANDS = ("Cc", "Cf")  # control and format characters: terminals obey them


def plain(text: str) -> str:
    """*text* with nothing in it that a terminal would obey; lines stay lines."""

    def shown(character: str) -> str:
        obeyed = unicodedata.category(character) in _COMMANDS and character not in "\n\t"
        return "\N{REPLACEMENT CHARACTER}" if obeyed else character

    return "".join(map(shown, text))
