"""Whether the time that an answer takes tells who has an account: signing in, a forgotten password, registering.

``make bench-telling``: for each door, answers for somebody known, disabled and unknown in turn, and their medians. The
portal runs in this process, at production cost of a hash or, with --quick, at a thirtieth of it, which shows
differences thirty times as plainly.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.clock import utcnow
from core.settings import Passwords
from tests import box
from tests.webapp import people
from tests.webapp.people import Browser
from webapp.access.actor import SYSTEM, Role
from webapp.account import hashing
from webapp.account.models import Account, SignInTry
from webapp.app import create_app, migrate_database
from webapp.clients.models import Registration
from webapp.db.database import db
from webapp.db.unit import housekeeping
from webapp.outbox.models import Mail
from webapp.practice.actions import PracticeWords, save

QUICK = Passwords(memory_kib=8192, time_cost=1)  # about 7 ms
GOAL = 0.05
WHO = ("known", "disabled", "unknown")
DOORS: dict[str, Callable[[Browser, str], object]] = {
    "sign in": lambda browser, email: browser.send("/sign-in", {"email": email, "password": "not-the-right-one-9"}),
    "forgot": lambda browser, email: browser.send("/forgot-password", {"email": email}),
    "register": lambda browser, email: browser.send("/register", {"name": "Ines Albrecht", "email": email}),
}


def measure(browser: Browser, knock: Callable[[Browser, str], object], tries: int) -> dict[str, list[float]]:
    """Seconds of each answer, by who was asked for; in turn, so that the machine's moods are everybody's."""
    took: dict[str, list[float]] = {who: [] for who in WHO}
    for turn in range(tries):
        for who in WHO[turn % 3 :] + WHO[: turn % 3]:
            with housekeeping("nobody has tried before"):
                for table in (SignInTry, Registration, Mail):
                    table.delete().execute()
            begun = time.perf_counter()
            knock(browser, f"{who}@example.org")
            took[who].append(time.perf_counter() - begun)
    return took


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tries", type=int, default=2000, help="of each door for each kind of person")
    asked.add_argument("--quick", action="store_true", help="at a thirtieth of the cost of a hash")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="wh-") as name:
        settings = people.with_relay(box.make_settings(Path(name)))
        settings = replace(settings, passwords=QUICK if given.quick else Passwords())
        migrate_database(settings)
        app = create_app(settings, testing=True)
        db.connect(reuse_if_open=True)
        words = PracticeWords(name="Cedar Hollow", time_zone="UTC", registration_open=True)
        save(SYSTEM, words, at=utcnow())
        hashed = hashing.make("kettle-orange-violin-9")
        for who in WHO[:2]:
            people.make_account(Role.CLIENT, email=f"{who}@example.org", password_hash=hashed)
        with housekeeping("one of them is disabled"):
            Account.update(disabled_at=utcnow()).where(Account.email == "disabled@example.org").execute()
        for door, knock in DOORS.items():
            took = measure(people.browser(app), knock, given.tries)
            medians = {who: statistics.median(seconds) * 1000 for who, seconds in took.items()}
            apart = (max(medians.values()) - min(medians.values())) / min(medians.values())
            told = ", ".join(f"{who} {median:.2f} ms" for who, median in medians.items())
            print(f"{door}: {told}; {apart:.1%} apart, goal {GOAL:.0%}")  # noqa: T201
        db.obj.close_all()


if __name__ == "__main__":
    main()
