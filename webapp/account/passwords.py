"""Which passwords may be chosen: long enough, in no list of guessers or thieves, not of the practice's own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flask_babel import gettext, ngettext
from zxcvbn import zxcvbn

from core.errors import Invalid, Unavailable
from core.log import EventLog
from webapp.access.actor import Role
from webapp.account import hashing
from webapp.account.breached import BreachedList, Unusable

log = EventLog("wellhouse.account")

LENGTH_MIN = 12
LENGTH_MIN_ADMIN = 15
LENGTH_MAX = 128
TYPED_MAX = 512  # no longer text can become a password of LENGTH_MAX by normalising (NFC shrinks at most threefold)
SCORE_MIN = 3  # of zxcvbn: more than 10**8 guesses
JUDGED = 72  # characters that zxcvbn looks at; its time grows with the square
OWN_WORD_MIN = 4  # shorter words are in too many good passwords
REST_MIN = 8  # characters besides our own words

_own_words: Callable[[], Iterable[str]] = tuple


def own_words_from(source: Callable[[], Iterable[str]]) -> None:
    """Where the practice's own words come from (webapp.practice, which lies above this feature)."""
    global _own_words
    _own_words = source


_breached: BreachedList | None = None


def refuse_breached(file: str) -> None:
    """Which list of breached passwords is looked at in this process (settings.passwords); none if *file* is empty."""
    global _breached
    _breached = BreachedList(Path(file)) if file else None


@dataclass(frozen=True)
class ChosenPassword:
    """A password that was judged good, hashed. Only choose() makes it."""

    hash: str = field(repr=False)
    is_long: bool  # as an admin's must be


def choose(password: str, *, name: str, email: str, roles: Iterable[Role]) -> ChosenPassword:
    """Judge and hash *password* for a person; Invalid (field “password”) says what is wrong with it.

    Unavailable if the clinic has a list of breached passwords that cannot be read: then none is taken unjudged.

    Takes a fifth of a second: call it before the unit of work, not inside.
    """
    typed = tidy(password)
    shortest = LENGTH_MIN_ADMIN if Role.ADMIN in roles else LENGTH_MIN
    if typed is None or len(typed) > LENGTH_MAX:
        raise _wrong(gettext("Please take at most %(max)d characters.", max=LENGTH_MAX))
    if len(typed) < shortest:
        raise _wrong(
            ngettext(
                "Please take at least %(num)d character. Three or four words that do not belong together are good.",
                "Please take at least %(num)d characters. Three or four words that do not belong together are good.",
                shortest,
            )
        )
    own = _words(name, email, *_own_words())
    if len(_without(typed, own)) < REST_MIN:
        raise _wrong(
            gettext("This is mostly your name, your address or a word of the practice. Please choose something else.")
        )
    if zxcvbn(typed[:JUDGED], user_inputs=sorted(own))["score"] < SCORE_MIN:
        raise _wrong(
            gettext("This is among the first that somebody would guess. Three or four unrelated words are better.")
        )
    if _is_breached(typed):
        raise _wrong(gettext("This password was stolen from another site once, so it will be tried. Take another one."))
    return ChosenPassword(hashing.make(typed), is_long(typed))


def is_long(typed: str) -> bool:
    """Whether *typed*, tidy already, is as long as an admin's password must be."""
    return len(typed) >= LENGTH_MIN_ADMIN


def tidy(password: str) -> str | None:
    """*password* as it is hashed: NFC, so that é typed on a phone is the é of the desk. None if no password is so long.

    Nothing is cut off or trimmed.
    """
    return None if len(password) > TYPED_MAX else unicodedata.normalize("NFC", password)


def _is_breached(password: str) -> bool:
    if _breached is None:
        return False
    try:
        return _breached.holds(password)
    except Unusable as e:
        log.exception("account.breached_list_unusable")
        raise Unavailable(
            gettext("New passwords cannot be looked at right now, so nothing was changed. Please call the clinic."),
            retry_after_s=300,
        ) from e


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, field="password")


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in re.split(r"[\W_]+", _plain(text)) if len(word) >= OWN_WORD_MIN)


def _without(password: str, words: Iterable[str]) -> str:
    rest = _plain(password)
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return re.sub(r"[\W_]+", "", rest)


def _plain(text: str) -> str:
    """Small letters without their accents: “Nguyễn” is guessed as “nguyen”."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
