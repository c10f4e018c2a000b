"""Sentences that several pages of accounts say."""

from __future__ import annotations

from flask_babel import gettext, ngettext

from webapp.account.throttle import TooManyTries


def when_again(error: TooManyTries) -> str:
    """“in 30 seconds”, “in 4 minutes”."""
    wait_s = error.retry_after_s
    if wait_s < 60:
        return ngettext("in %(num)d second", "in %(num)d seconds", wait_s)
    return ngettext("in %(num)d minute", "in %(num)d minutes", -(-wait_s // 60))


def too_many(error: TooManyTries) -> str:
    """For codes and confirmations."""
    return gettext("There were too many tries. Please try again %(when)s.", when=when_again(error))
