"""The facts of make test-machine, judged without a machine: enough of them, and each can fail."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.system.clean_machine import CleanMachine
from tests.system.machine.facts import FACTS
from tests.system.machine.facts.fact import Fact
from tests.system.machine.guest import Guest
from tests.system.machine.look import Entry, Look, NotAsked, Port, Process, Skip

SETTINGS = '[site]\nhostname = "clinic.example"\ndemo = true'
ANSWERS = '{"wellhouse_database": "sqlite", "wellhouse_firewall": true, "wellhouse_data_device": ""}'
WRONG_PAGE = "HTTP/1.1 200 OK\nServer: nginx/1.22.1\nContent-Security-Policy: script-src 'unsafe-inline'\n\nTraceback"


class Saying(dict[str, str]):
    """Answers every question with the same words, but for the two files that say what the machine should be."""

    def __init__(self, words: str, page: str = "") -> None:
        super().__init__()
        self._words, self._page = words, page

    def __contains__(self, _question: object) -> bool:
        return True

    def __getitem__(self, question: str) -> str:
        if question == "cat /etc/wellhouse/wellhouse.toml":
            return SETTINGS
        if question == "cat /etc/wellhouse/install.json":
            return ANSWERS
        return self._page if question.startswith("guest$ curl") else self._words


def silent() -> Look:
    """A machine on which nothing is."""
    look = Look(CleanMachine(0, {}), Guest(0), Saying(""))
    look.__dict__["ports"] = []  # the one thing that is seen from outside
    return look


def wrong() -> Look:
    """A machine that is open to everybody in every way."""
    words = (
        "wellhouse ALL=(ALL) SQLite format 3 open\nerror something\nchain from_turn {\naccept\naccept\naccept\naccept"
    )
    look = Look(CleanMachine(0, {}), Guest(0), Saying(words, WRONG_PAGE))
    anybodys = Entry("f", "777", "nobody", "nogroup")
    distributions = "nginx -c /etc/nginx/nginx.conf --debug"
    look.__dict__["entries"] = {"/etc/wellhouse/keys/master.key": anybodys, "/etc/wellhouse/wellhouse.toml": anybodys}
    look.__dict__["ports"] = [
        Port("tcp", "10.0.2.100", 5432, "postgres"),
        Port("tcp", "127.0.0.1", 6379, "redis-server"),
    ]
    look.__dict__["processes"] = [Process(7, "root", distributions, {}, words)]
    return look


def holds(fact: Fact, look: Look) -> bool:
    try:
        return not fact.seen(look)
    except (Skip, NotAsked, LookupError, ValueError):
        return False  # it cannot even be seen


def test_there_are_enough_facts_and_each_says_something_of_its_own() -> None:
    assert len(FACTS) >= 100
    assert [name for name, count in Counter(fact.name for fact in FACTS).items() if count > 1] == []


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_fact_does_not_hold_both_on_a_machine_where_nothing_is_and_on_one_where_all_is_wrong(fact: Fact) -> None:
    assert not (holds(fact, silent()) and holds(fact, wrong()))
