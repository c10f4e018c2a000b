"""Names as they are searched and sorted: without accents and without capitals."""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not take apart into a letter and a mark.
_WHOLE = str.maketrans({"đ": "d", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"})


def fold(text: str) -> str:
    """“Nguyễn Thị Hương” becomes “nguyen thi huong”: one spelling for all ways of typing a name."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return " ".join(bare.translate(_WHOLE).split())


def digits(text: str) -> str:
    """The digits of a phone number, however it was grouped."""
    return "".join(character for character in text if character.isdecimal())
