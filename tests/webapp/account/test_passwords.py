"""Which passwords may be chosen, and that they are kept as argon2id."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import Invalid, Unavailable
from core.settings import Passwords
from tests.box import CHEAP_PASSWORDS
from webapp.access.actor import Role
from webapp.account import hashing, passwords


@pytest.fixture(autouse=True)
def cost() -> None:
    hashing.use_cost(Passwords(**CHEAP_PASSWORDS))
    passwords.own_words_from(lambda: ("Cedar", "Hollow", "Family", "Therapy"))


def choose(password: str, *roles: Role) -> passwords.ChosenPassword:
    return passwords.choose(password, name="Nguyễn Thị Hương", email="amara.okafor@example.org", roles=roles)


@pytest.mark.parametrize(
    "good",
    [
        "kettle orange violin",
        "aB3$xY9!kL2@",
        "ganz-ohne-Regeln",
        "пароль-из-четырёх-слов",
        "🦊 sleeps in the afternoon",
    ],
)
def test_long_and_unguessable_is_enough(good: str) -> None:
    assert hashing.fits(choose(good, Role.CLIENT).hash, good)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("kettle-oran", "at least 12"),
        ("", "at least 12"),
        ("x1" * 65, "at most 128"),
        ("z" * 5000, "at most 128"),
        ("Password123!", "guess"),
        ("qwertyuiop123456", "guess"),
        ("aaaaaaaaaaaaaaaa", "guess"),
        ("CedarHollow2026", "word of the practice"),
        ("cedar-hollow-family", "word of the practice"),
        ("AmaraOkafor1234", "word of the practice"),
        ("nguyen.huong.88", "word of the practice"),
    ],
)
def test_short_common_and_own_words_are_refused_with_the_reason(bad: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as caught:
        choose(bad, Role.CLIENT)
    assert caught.value.field == "password"


def test_admin_needs_fifteen_characters() -> None:
    fourteen = "kettle-orange-"
    choose(fourteen, Role.PROVIDER)
    with pytest.raises(Invalid, match="at least 15"):
        choose(fourteen, Role.PROVIDER, Role.ADMIN)
    choose(fourteen + "v", Role.PROVIDER, Role.ADMIN)


def test_whole_length_counts_up_to_128_characters() -> None:
    longest = ("kettle-orange-violin-" * 7)[:127]
    chosen = choose(longest + "1", Role.CLIENT)
    assert hashing.fits(chosen.hash, longest + "1")
    assert not hashing.fits(chosen.hash, longest + "2")


def test_password_does_not_show_in_what_is_logged_of_it() -> None:
    chosen = choose("kettle orange violin", Role.CLIENT)
    assert "argon2" not in repr(chosen)
    assert chosen.hash.startswith("$argon2id$")


def test_no_hash_fits_nothing() -> None:
    assert not hashing.fits(None, "")
    assert not hashing.fits(None, "kettle orange violin")


def test_damaged_hash_fits_nothing_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert not hashing.fits("$argon2id$damaged", "kettle orange violin")
    assert "account.hash_unreadable" in caplog.text


def test_strangers_queue_only_so_far_and_keep_nobody_whom_we_know() -> None:
    encoded = hashing.make("kettle orange violin")
    released, waiting = threading.Event(), threading.Barrier(2)

    def hold() -> None:
        waiting.wait()
        released.wait()

    crowd = [threading.Thread(target=hashing.STRANGERS.run, args=(hold,))]
    crowd += [threading.Thread(target=hashing.STRANGERS.run, args=(lambda: None,)) for _ in range(5)]
    for one in crowd:
        one.start()
    waiting.wait()
    try:
        while hashing.STRANGERS.queued < 6:
            time.sleep(0.001)
        with pytest.raises(Unavailable, match="try again"):
            hashing.fits(encoded, "kettle orange violin")
        assert hashing.fits(encoded, "kettle orange violin", known=True)
    finally:
        released.set()
        for one in crowd:
            one.join()
    assert hashing.fits(encoded, "kettle orange violin")
