"""Browsers in which an account has signed in before. They spare it other people's guesses, and give no right at all."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import peewee

from core.ids import new_token, token_hash
from webapp.account.models import Device
from webapp.db.unit import current_unit, housekeeping

KEEP = timedelta(days=180)


def is_known(account: uuid.UUID, token: str | None, *, at: datetime) -> bool:
    """Whether *account* has signed in with this token's browser in the last half year."""
    if not token:
        return False
    return bool(Device.select().where(_is(account, token) & (Device.last_used_at > at - KEEP)).exists())


def remember(account: uuid.UUID, token: str | None, *, at: datetime) -> str:
    """The browser's token from now on: its own if this box gave it out, else a fresh one. In the caller's unit."""
    current_unit()
    if not token or not Device.select().where(Device.token_hash == token_hash(token)).exists():
        token = new_token()
    if not Device.update(last_used_at=at).where(_is(account, token)).execute():
        Device.create(account=account, token_hash=token_hash(token), last_used_at=at)
    return token


def forget_old(*, at: datetime) -> int:
    """Delete browsers that nobody has signed in with for half a year; how many there were."""
    with housekeeping("an old browser is a new one"):
        return int(Device.delete().where(Device.last_used_at <= at - KEEP).execute())


def _is(account: uuid.UUID, token: str) -> peewee.Expression:
    return (Device.account == account) & (Device.token_hash == token_hash(token))
