"""Sealing the master key with a passphrase, as mathematics: no box, no files."""

from __future__ import annotations

import base64
import unicodedata

import msgspec
import pytest

from appliance.keys import passphrase
from appliance.keys.envelope import Cost, Envelope
from core.errors import Invalid, Refused
from webapp.crypto.keyring import Keyring

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)
WORDS = "gravel lantern örtlich Tuesday"
KEYRING = Keyring(bytes(range(32)))


@pytest.fixture(scope="module")
def sealed() -> Envelope:
    return passphrase.seal(KEYRING, WORDS, made_at=1_790_000_000.0, cost=CHEAP)


def test_only_its_passphrase_opens_a_sealed_key(sealed: Envelope) -> None:
    assert passphrase.unseal(sealed, WORDS).master_digits == KEYRING.master_digits
    for wrong in ("", WORDS.lower(), f"{WORDS} ", WORDS[:-1]):
        with pytest.raises(passphrase.WrongPassphrase, match=r"does not open the key\. Nothing was changed"):
            passphrase.unseal(sealed, wrong)


def test_two_keyboards_may_compose_a_letter_differently(sealed: Envelope) -> None:
    decomposed = unicodedata.normalize("NFD", WORDS)
    assert decomposed != WORDS
    assert passphrase.unseal(sealed, decomposed).master_digits == KEYRING.master_digits


def test_what_lies_on_disk_holds_nothing_of_key_or_passphrase(sealed: Envelope) -> None:
    written = msgspec.json.encode(sealed)
    master = bytes.fromhex(KEYRING.master_digits)
    for secret in (master, base64.b64encode(master)[:40], KEYRING.master_digits.encode(), WORDS.encode()):
        assert secret not in written


def test_sealing_twice_gives_nothing_in_common() -> None:
    one, other = (passphrase.seal(KEYRING, WORDS, made_at=0.0, cost=CHEAP) for _ in range(2))
    assert one.salt != other.salt
    assert one.sealed[:16] != other.sealed[:16]


def test_every_altered_byte_is_noticed(sealed: Envelope) -> None:
    raw = base64.b64decode(sealed.sealed)
    for place in range(len(raw)):
        bad = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(Refused):
            passphrase.unseal(msgspec.structs.replace(sealed, sealed=base64.b64encode(bad).decode()), WORDS)


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "00" * 8},
        {"made_at": 1.0},
        {"salt": base64.b64encode(b"x" * 16).decode()},
        {"cost": Cost(128, 1, 1)},
        {"sealed": ""},
        {"sealed": "no base64!"},
    ],
)
def test_what_the_file_says_of_itself_cannot_be_altered(sealed: Envelope, change: dict[str, object]) -> None:
    with pytest.raises(Refused):
        passphrase.unseal(msgspec.structs.replace(sealed, **change), WORDS)


@pytest.mark.parametrize("cost", [None, Cost(2**40, 1, 1), Cost(64, 10**9, 1), Cost(64, 1, 10**6), Cost(0, 0, 0)])
def test_an_altered_file_cannot_ask_for_more_than_the_machine_has(sealed: Envelope, cost: Cost | None) -> None:
    with pytest.raises(Refused, match="was altered"):
        passphrase.unseal(msgspec.structs.replace(sealed, cost=cost), WORDS)


@pytest.mark.parametrize(
    "weak",
    ["", "short", "elevensigns", "aaaaaaaaaaaaaaaa", "password1234", "qwertyuiopas", "cedarhollow.example", "x" * 2000],
)
def test_a_passphrase_that_would_be_guessed_is_refused(weak: str) -> None:
    with pytest.raises(Invalid):
        passphrase.refuse_weak(weak, "cedarhollow.example")


@pytest.mark.parametrize(
    "good", [WORDS, "correct-horse-battery-staple", "Xq7!mvPz0#Lw", "六个完全无关的词语放在一起就好"]
)
def test_a_good_passphrase_is_taken(good: str) -> None:
    passphrase.refuse_weak(good, "cedarhollow.example")


def test_each_try_costs_far_more_than_a_sign_in() -> None:
    """RFC 9106's first choice is 2 GiB and one pass, its second 64 MiB and three; ours lies between."""
    cost = passphrase.COST
    assert cost.memory_kib >= 512 * 1024
    assert cost.memory_kib * cost.passes >= 2 * 1024 * 1024
    assert cost.memory_kib <= passphrase.COST_MAX.memory_kib
