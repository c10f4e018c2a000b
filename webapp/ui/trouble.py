"""The error page: the same calm sentence whether a thing is absent or not yours."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext


@dataclass(frozen=True)
class Trouble:
    """Words for a status: what happened, what to do next, and which way the primary button leads."""

    title: str
    sentence: str
    hint: str = ""
    try_again: bool = False


def trouble_of(status: int) -> Trouble:
    """The words of ui/error.html for an HTTP *status*. A sentence given by the code that refused goes before ours."""
    match status:
        case 403:
            return Trouble(
                gettext("This is not open to you"),
                gettext("You are signed in, and this needs another role or a fresh sign-in. Nothing was changed."),
                gettext("If you think it should be open, ask an admin of the practice."),
            )
        case 404 | 405:
            return Trouble(
                gettext("We could not open this page"),
                gettext(
                    "It may have moved, or it may not be yours to see. "
                    "The answer is the same for both, to keep records private."
                ),
            )
        case 409:
            return Trouble(
                gettext("Somebody was first"),
                gettext("This changed while you had it open, so nothing of yours was saved over it."),
                gettext("Open it again to see how it stands now."),
            )
        case 413:
            return Trouble(
                gettext("That file is too large"),
                gettext("Nothing was kept. Choose a smaller file, or send it in parts."),
            )
        case 429:
            return Trouble(
                gettext("That was a little fast"),
                gettext("Please wait a minute, then try again. Nothing is lost."),
                try_again=True,
            )
        case 503:
            return Trouble(
                gettext("We will be right back"),
                gettext("A part of the clinic’s system is being looked after. Your records are safe."),
                gettext("If you have a visit now, call the clinic."),
                try_again=True,
            )
        case _ if status < 500:
            return Trouble(
                gettext("That did not arrive whole"),
                gettext("Nothing was changed. Go back, open the page again and send it once more."),
            )
        case _:
            return Trouble(
                gettext("Something went wrong on our side"),
                gettext("It was not you. What you had saved is kept."),
                gettext("Try again. If it happens once more, tell the clinic."),
                try_again=True,
            )
