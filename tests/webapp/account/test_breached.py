"""The clinic's own list of breached passwords: asked on disk, wherever a password is chosen."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from core.errors import Invalid, Unavailable
from core.settings import Passwords
from tests.box import CHEAP_PASSWORDS
from tests.webapp import people
from tests.webapp.account.door import account_with_password
from tests.webapp.account.mfa.enrolled import confirm
from webapp.access.actor import Role
from webapp.account import breached, hashing, passwords
from webapp.account.breached import BreachedList, Unusable

LINES = 1_000_000
STOLEN = "kettle orange violin"


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list as it is downloaded, with a known password among a million that nobody has."""
    file = tmp_path_factory.mktemp("breached") / "hashes.txt"
    dice = random.Random(7)
    hashes = [f"{dice.getrandbits(160):040X}" for _ in range(LINES - 1)]
    hashes.append(sha1(STOLEN))
    hashes.sort()
    with file.open("w", newline="") as out:
        out.writelines(f"{each}:{1 + n % 70_000}\r\n" for n, each in enumerate(hashes))
    return file


@pytest.fixture
def listed(million: Path) -> Iterator[None]:
    hashing.use_cost(Passwords(**CHEAP_PASSWORDS))
    passwords.own_words_from(tuple)
    passwords.refuse_breached(str(million))
    yield
    passwords.refuse_breached("")


def some_lines(count: int = 4000) -> list[str]:
    return sorted(sha1(f"password {n}") for n in range(count))


def written(tmp_path: Path, text: str) -> BreachedList:
    file = tmp_path / "list.txt"
    file.write_text(text, newline="")
    return BreachedList(file)


def test_password_of_the_list_is_refused_with_the_reason_and_others_are_not(listed: None) -> None:
    with pytest.raises(Invalid, match="stolen from another site") as caught:
        passwords.choose(STOLEN, name="", email="", roles=[Role.CLIENT])
    assert caught.value.field == "password"
    assert passwords.choose(STOLEN + "s", name="", email="", roles=[Role.CLIENT]).hash


def test_a_million_lines_are_asked_in_a_few_small_reads(million: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    pread = os.pread

    def counted(fd: int, count: int, place: int) -> bytes:
        got = pread(fd, count, place)
        read.append(len(got))
        return got

    monkeypatch.setattr(breached.os, "pread", counted)
    questions = [STOLEN, *(f"unknown {n}" for n in range(200))]
    for question in questions:
        read.clear()
        assert BreachedList(million).holds(question) is (question == STOLEN)
        # Half of 53 MB again and again until 4 KiB are left is 14 times, with two reads each.
        assert len(read) <= 30
        assert sum(read) <= 8192


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last_end", [True, False])
@pytest.mark.parametrize("count", [1, 2, 76, 77, 78, 4000])
def test_every_line_is_found_and_nothing_between_them(tmp_path: Path, end: str, last_end: bool, count: int) -> None:
    lines = [f"{line}:{7**n % 10**9}" if n % 3 else line.lower() for n, line in enumerate(some_lines(count))]
    found = written(tmp_path, end.join(lines) + (end if last_end else ""))
    assert found.judge() > 0
    assert all(found.holds(f"password {n}") for n in range(count))
    assert not any(found.holds(f"password {n}") for n in range(count, count + 300))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a list of SHA-1 hashes"),
        ("123456\npassword\nqwerty\n", "not a list of SHA-1 hashes"),
        ("\ufeff" + "\n".join(some_lines(50)), "not a list of SHA-1 hashes"),
        ("\n".join(line[:32] for line in some_lines()), "not a list of SHA-1 hashes"),
        ("\n\n".join(some_lines()), "not a list of SHA-1 hashes"),
        ("x" * 100_000, "not a list of SHA-1 hashes"),
        ("\n".join(reversed(some_lines())), "not in order"),
        ("\n".join(random.Random(1).sample(some_lines(), 4000)), "not in order"),
        ("\n".join(reversed(some_lines(10))), "not in order"),
    ],
    ids=["empty", "plain", "mark", "ntlm", "gaps", "noise", "backwards", "shuffled", "short"],
)
def test_file_that_is_no_such_list_is_refused_in_clear_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Unusable, match=said) as caught:
        written(tmp_path, text).judge()
    assert "list.txt" in caught.value.sentence


def test_file_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    for place in (tmp_path / "absent", tmp_path):
        with pytest.raises(Unusable, match=r"passwords\.breached_file"):
            BreachedList(place).judge()


def test_while_the_list_cannot_be_read_no_password_is_taken_and_the_log_says_why(
    listed: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords.refuse_breached(str(tmp_path / "absent"))
    with pytest.raises(Unavailable, match="call the clinic"):
        passwords.choose("any other good words", name="", email="", roles=[Role.CLIENT])
    assert "account.breached_list_unusable" in caplog.text


def test_password_page_says_so_and_the_old_password_stays(app: Flask, listed: None) -> None:
    account = account_with_password(Role.CLIENT, password="another-good-one-7")
    browser = people.sign_in(app, account)
    confirm(browser, "another-good-one-7", next="/account/password")
    answer = browser.send("/account/password", {"password": STOLEN})
    assert "stolen from another site" in answer.text
    account = type(account).get_by_id(account.id)
    assert hashing.fits(account.password_hash, "another-good-one-7")
