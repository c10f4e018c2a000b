"""``python -m tests.bench.signin [--seconds 60]``: signing in, and everything else, while a crowd guesses passwords.

The whole appliance on this machine at production cost of a hash. Fifty wrong passwords a second come from as many
addresses, each trying another account at each turn. Meanwhile people whose browsers are known sign in, and others read
pages. Exit code 1 if the 95th percentile of pages is above 300 ms, or somebody known was kept out.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.door import Answer, Door
from tests.browser.visit.box import Box, running
from tests.webapp import people
from webapp.access.actor import Role
from webapp.account import hashing
from webapp.app import prepare
from webapp.db.database import db

PASSWORD = "kettle-orange-violin-9"
GUESSES_A_SECOND = 50
GUESSERS = 50
PAGES_A_SECOND = 10
READERS = 4
PAGES_P95_S = 0.3
PAGES = ("/", "/account", "/clients", "/appointments")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    lasts_s = parser.parse_args(arguments).seconds
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "box") as box:
        known = _people(box)
        quiet = _measure(box, known, lasts_s=min(10, lasts_s), guessing=False)
        crowd = _measure(box, known, lasts_s=lasts_s, guessing=True)
    _report("Without a crowd", quiet)
    _report(f"With {GUESSES_A_SECOND} wrong passwords a second", crowd)
    kept_out = [answer.status for answer in crowd.sign_ins if answer.status != 302]
    late = _p95(crowd.pages) > PAGES_P95_S
    if kept_out:
        print(f"Kept out although known: {Counter(kept_out)}")  # noqa: T201
    if late:
        print(f"Pages take more than {PAGES_P95_S * 1000:.0f} ms.")  # noqa: T201
    return 1 if kept_out or late else 0


class Measured:
    """What each kind of visitor got."""

    def __init__(self) -> None:
        self.pages: list[Answer] = []
        self.sign_ins: list[Answer] = []
        self.guesses: list[Answer] = []


@dataclass(frozen=True)
class Known:
    """Somebody with a browser in which they have signed in."""

    email: str
    door: Door


def _people(box: Box) -> list[Known]:
    prepare(box.settings)
    with db.connection_context():
        hashed = hashing.make(PASSWORD)
        made = [
            people.make_account(Role.PROVIDER, email=f"{uuid.uuid4()}@example.org", password_hash=hashed)
            for _ in range(8)
        ]
    db.obj.close_all()
    found = [Known(account.email, _door(box)) for account in made]
    for known in found:
        assert known.door.sign_in(known.email, PASSWORD, known.door.token()).status == 302
    return found


def _measure(box: Box, known: list[Known], *, lasts_s: float, guessing: bool) -> Measured:
    got, stop = Measured(), threading.Event()
    turns = itertools.count()
    readers, signers = known[:READERS], known[READERS:]
    jobs: list[Callable[[], None]] = []
    jobs += [lambda one=one: _read(one, got, stop) for one in readers]  # type: ignore[misc]
    jobs += [lambda one=one: _sign_in_often(one, got, stop) for one in signers]  # type: ignore[misc]
    if guessing:
        jobs += [lambda n=n: _guess(box, n, known, turns, got, stop) for n in range(GUESSERS)]  # type: ignore[misc]
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    time.sleep(lasts_s)
    stop.set()
    for thread in threads:
        thread.join()
    return got


def _door(box: Box, address: str = "127.0.0.1") -> Door:
    return Door("localhost", box.settings.ports.https, address=address)


def _read(known: Known, got: Measured, stop: threading.Event) -> None:
    for path in itertools.cycle(PAGES):
        if stop.wait(READERS / PAGES_A_SECOND):
            break
        got.pages.append(known.door.get(path))


def _sign_in_often(known: Known, got: Measured, stop: threading.Event) -> None:
    door = known.door
    while not stop.wait(2):
        door.cookies = {name: value for name, value in door.cookies.items() if name != "__Host-session"}
        got.sign_ins.append(door.sign_in(known.email, PASSWORD, door.token()))


def _guess(
    box: Box, number: int, known: list[Known], turns: itertools.count[int], got: Measured, stop: threading.Event
) -> None:
    door = _door(box, f"127.0.1.{number + 1}")
    token = door.token()
    pause_s = GUESSERS / GUESSES_A_SECOND
    next_at = time.monotonic() + pause_s * number / GUESSERS
    while not stop.wait(max(0.0, next_at - time.monotonic())):
        next_at += pause_s
        turn = next(turns)
        email = known[turn % len(known)].email if turn % 2 else f"nobody{turn}@example.org"
        got.guesses.append(door.sign_in(email, f"wrong-password-{turn}", token))
    door.close()


def _report(title: str, got: Measured) -> None:
    print(f"{title}:")  # noqa: T201
    for name, answers in (("pages", got.pages), ("sign-ins, known browser", got.sign_ins), ("guesses", got.guesses)):
        if not answers:
            continue
        p50_ms, p95_ms = statistics.median(answer.took_s for answer in answers) * 1000, _p95(answers) * 1000
        statuses = ", ".join(f"{status}: {number}" for status, number in sorted(_statuses(answers).items()))
        print(f"  {name:24}{len(answers):5}   p50 {p50_ms:6.0f} ms   p95 {p95_ms:6.0f} ms   {statuses}")  # noqa: T201


def _statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def _p95(answers: list[Answer]) -> float:
    ordered = sorted(answer.took_s for answer in answers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


if __name__ == "__main__":
    sys.exit(main())
