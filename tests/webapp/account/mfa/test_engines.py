"""Codes and keys by themselves; the pages that use them are tried in a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from core.settings import Settings
from tests.webapp.people import make_account
from webapp.access.actor import SYSTEM
from webapp.account.mfa import recovery, totp
from webapp.account.mfa.models import AuthenticatorApp, RecoveryCode
from webapp.audit.events import Action, Event
from webapp.crypto.keyring import Keyring
from webapp.db.database import db
from webapp.db.unit import unit

NOON = datetime(2026, 3, 12, 12, 0, 5, tzinfo=UTC)
EVENT = Event(Action.SIGNED_IN, SYSTEM)


def _app(seed: str) -> AuthenticatorApp:
    account = make_account()
    with unit(EVENT):
        return AuthenticatorApp.create(account=account, name="Phone", seed=seed, created_at=NOON, confirmed_at=NOON)


def _winners(tries: int, attempt: Callable[[], bool]) -> int:
    won: list[bool] = []
    start = threading.Barrier(tries)

    def run() -> None:
        with db.connection_context():
            start.wait()
            with unit(EVENT):
                won.append(attempt())

    threads = [threading.Thread(target=run) for _ in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == tries
    return sum(won)


@pytest.mark.parametrize(("late_s", "good"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_code_is_good_one_step_early_or_late(late_s: int, good: bool) -> None:
    seed = totp.new_seed()
    code = pyotp.TOTP(seed).at(NOON + timedelta(seconds=late_s))
    assert (totp.matching_step(seed, code, at=NOON) is not None) is good


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(totp.new_seed(), code, at=NOON) is None


def test_clock_that_is_off_is_told_in_minutes() -> None:
    seed = totp.new_seed()
    assert totp.minutes_off(seed, pyotp.TOTP(seed).at(NOON + timedelta(minutes=5)), at=NOON) == 5
    assert totp.minutes_off(seed, pyotp.TOTP(seed).at(NOON - timedelta(minutes=3)), at=NOON) == -3
    assert totp.minutes_off(seed, pyotp.TOTP(seed).at(NOON - timedelta(hours=3)), at=NOON) is None


def test_code_is_good_once_and_an_older_one_not_after_it(database: Settings) -> None:
    seed = totp.new_seed()
    app = _app(seed)
    now, before = pyotp.TOTP(seed).at(NOON), pyotp.TOTP(seed).at(NOON - timedelta(seconds=30))
    with unit(EVENT):
        assert totp.accept(app.id, seed, now, at=NOON)
        assert not totp.accept(app.id, seed, now, at=NOON)
        assert not totp.accept(app.id, seed, before, at=NOON)


def test_twenty_uses_of_one_code_have_one_winner(database: Settings) -> None:
    seed = totp.new_seed()
    app = _app(seed)
    code = pyotp.TOTP(seed).at(NOON)
    assert _winners(20, lambda: totp.accept(app.id, seed, code, at=NOON)) == 1


def test_recovery_codes_are_good_once_each_and_kept_as_hashes(database: Settings) -> None:
    account = make_account()
    keyring = Keyring.of(database.paths)
    with unit(EVENT):
        codes = recovery.renew(account.id, keyring)
        assert len(set(codes)) == recovery.CODES
        assert recovery.accept(account.id, codes[0].upper().replace("-", " "), keyring, at=NOON)
        assert not recovery.accept(account.id, codes[0], keyring, at=NOON)
        assert recovery.left(account.id) == 9
        assert not recovery.accept(make_account().id, codes[1], keyring, at=NOON)
    assert not {row.code_hash for row in RecoveryCode.select()} & set(codes)
    with unit(EVENT):
        recovery.renew(account.id, keyring)
        assert not recovery.accept(account.id, codes[1], keyring, at=NOON)


def test_twenty_uses_of_one_recovery_code_have_one_winner(database: Settings) -> None:
    account = make_account()
    keyring = Keyring.of(database.paths)
    with unit(EVENT):
        code = recovery.renew(account.id, keyring)[0]
    assert _winners(20, lambda: recovery.accept(account.id, code, keyring, at=NOON)) == 1
