"""Twenty at once for what only one may have: a few rounds in the tests, 1,000 in ``make bench-races``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp

from core.clock import utcnow
from core.errors import Conflict, WellhouseError
from core.settings import Settings
from tests.webapp import people
from tests.webapp.account.mails import token_of
from webapp.access.actor import SYSTEM, Role
from webapp.account import links, resetting
from webapp.account.links import OpenLink
from webapp.account.mfa import proofs, recovery, totp
from webapp.account.mfa.models import AuthenticatorApp
from webapp.account.models import LinkPurpose
from webapp.account.signing_in import Caller
from webapp.audit.events import Action, Event
from webapp.crypto.keyring import Keyring
from webapp.db.database import db
from webapp.db.unit import unit

RACERS = 20
_EVENT = Event(Action.SIGNED_IN, SYSTEM)
Try = Callable[[int], None]
"""One racer's try; a WellhouseError is a refusal."""


@dataclass(frozen=True)
class Race:
    """*prepare* makes what is raced for, for one round, and says how a racer tries to get it."""

    name: str
    prepare: Callable[[Settings, datetime], Try]


def totp_code(_settings: Settings, at: datetime) -> Try:
    """A code of an authenticator app."""
    account, seed = people.make_account(Role.PROVIDER), totp.new_seed()
    with unit(_EVENT):
        AuthenticatorApp.create(account=account, name="Phone", seed=seed, created_at=at, confirmed_at=at)
    code = pyotp.TOTP(seed).at(at)

    def use(_number: int) -> None:
        with unit(_EVENT):
            proofs.check_app_code(account.id, code, at=at)

    return use


def recovery_code(settings: Settings, at: datetime) -> Try:
    """One of ten recovery codes."""
    account, keyring = people.make_account(Role.PROVIDER), Keyring.of(settings.paths)
    with unit(_EVENT):
        code = recovery.renew(account.id, keyring)[0]

    def use(_number: int) -> None:
        with unit(_EVENT):
            proofs.check_recovery_code(account.id, code, keyring, at=at)

    return use


def invitation(settings: Settings, at: datetime) -> Try:
    """A colleague's invitation."""
    return _link(LinkPurpose.INVITATION, settings, at)


def reset(settings: Settings, at: datetime) -> Try:
    """A reset that an admin has started."""
    return _link(LinkPurpose.RESET, settings, at)


def _link(purpose: LinkPurpose, settings: Settings, at: datetime) -> Try:
    account = people.make_account(Role.PROVIDER)
    with unit(_EVENT):
        made = links.make(account.id, purpose, settings, life=timedelta(hours=1), at=at)
    token = token_of(made)

    def use(number: int) -> None:
        found = links.find(token, resetting.CHOOSING, at=at)
        if not isinstance(found, OpenLink):
            raise Conflict("It was used.")
        resetting.choose(found, f"copper-lantern-sails-{number}", Caller(address="127.0.0.1"), settings, at=at)

    return use


RACES = (
    Race("authenticator code", totp_code),
    Race("recovery code", recovery_code),
    Race("invitation", invitation),
    Race("reset", reset),
)


class Racers:
    """Threads that stay for all rounds, each with its own connection: only the race itself is new."""

    def __init__(self) -> None:
        self._line = threading.Barrier(RACERS + 1)
        self._attempt: Try | None = None
        self._won: list[int] = []
        self._faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(RACERS)]
        for thread in self._threads:
            thread.start()

    def winners(self, attempt: Try) -> int:
        """How many of twenty got it."""
        self._attempt, self._won = attempt, []
        self._line.wait()
        self._line.wait()
        if self._faults:
            raise self._faults[0]
        return len(self._won)

    def stop(self) -> None:
        self._attempt = None
        self._line.wait()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        with db.connection_context():
            while True:
                self._line.wait()
                if self._attempt is None:
                    return
                try:
                    self._attempt(number)
                    self._won.append(number)
                except WellhouseError:
                    pass
                except BaseException as e:  # noqa: BLE001  # shown by winners(); the others must not wait for ever
                    self._faults.append(e)
                self._line.wait()


@contextmanager
def racers() -> Iterator[Racers]:
    made = Racers()
    try:
        yield made
    finally:
        made.stop()


def wrong_rounds(race: Race, settings: Settings, *, rounds: int) -> list[int]:
    """The numbers of winners of those rounds that did not have exactly one."""
    with racers() as line:
        won = [line.winners(race.prepare(settings, utcnow())) for _ in range(rounds)]
    return [number for number in won if number != 1]
