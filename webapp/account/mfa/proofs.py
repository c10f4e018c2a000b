"""Looking at a proof: a code from an app, a recovery code, a key. The same for signing in and for confirming."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask_babel import gettext

from core.errors import Invalid
from webapp.account.mfa import recovery, totp
from webapp.account.mfa.models import AuthenticatorApp
from webapp.crypto.keyring import Keyring


class WrongCode(Invalid):
    """The code is not good; the sentence says what to try."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, field="code")


def check_app_code(account: uuid.UUID, code: str, *, at: datetime) -> None:
    """Use up a 6-digit code of one of the account's apps, or WrongCode. Inside a unit."""
    apps = list(
        AuthenticatorApp.select().where(
            (AuthenticatorApp.account == account) & AuthenticatorApp.confirmed_at.is_null(False)
        )
    )
    seeds = [(app.id, app.seed) for app in apps]
    if any(totp.accept(app_id, seed, code, at=at) for app_id, seed in seeds):
        return
    if any(totp.matching_step(seed, code, at=at) is not None for _, seed in seeds):
        raise WrongCode(gettext("This code was used already. Wait for the next one."))
    raise WrongCode(wrong_code_sentence([seed for _, seed in seeds], code, at))


def check_recovery_code(account: uuid.UUID, code: str, keyring: Keyring, *, at: datetime) -> None:
    """Use up a recovery code, or WrongCode. Inside a unit."""
    if not recovery.accept(account, code, keyring, at=at):
        raise WrongCode(gettext("This is not one of your recovery codes, or it was used already. Try another one."))


def wrong_code_sentence(seeds: list[str], code: str, at: datetime) -> str:
    """Why no app with one of *seeds* shows *code* now, as far as that can be told."""
    for seed in seeds:
        minutes = totp.minutes_off(seed, code, at=at)
        if minutes:
            return gettext(
                "The clock of your phone seems to be off by %(minutes)d minutes. Set it to automatic time, then try "
                "the next code.",
                minutes=abs(minutes),
            )
    return gettext("This code is not right. Look at the newest one in your app, and try again.")
