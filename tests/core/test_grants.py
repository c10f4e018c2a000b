from __future__ import annotations

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core.grants import CLOCK_SKEW_S, CONTEXT, LIFETIME_S, Grant, GrantRefused, Kind, Right, sign, verify

KEY = Ed25519PrivateKey.generate()
KEYS = {"key-1": KEY.public_key()}
NOW = 1_800_000_000
GRANT = Grant("id-1", Kind.ROOM, "key-1", "room-1", "anna", "5e55", (Right.PUBLISH,), NOW, NOW + LIFETIME_S)


def reason(text: str, at: float = NOW) -> str:
    with pytest.raises(GrantRefused) as caught:
        verify(text, KEYS, at=at)
    return caught.value.reason


def test_signed_grant_comes_back_as_it_was() -> None:
    assert verify(sign(GRANT, KEY), KEYS, at=NOW) == GRANT


@pytest.mark.parametrize(
    ("at", "good"),
    [
        (NOW - CLOCK_SKEW_S - 1, False),
        (NOW - CLOCK_SKEW_S, True),
        (NOW + LIFETIME_S, True),
        (NOW + LIFETIME_S + 0.01, False),
    ],
)
def test_grant_is_good_in_its_minute_only(at: float, good: bool) -> None:
    if good:
        assert verify(sign(GRANT, KEY), KEYS, at=at) == GRANT
    else:
        assert reason(sign(GRANT, KEY), at) == "expired"


@pytest.mark.parametrize("life_s", [LIFETIME_S + 1, 0, -1])
def test_life_that_the_portal_never_gives_is_malformed(life_s: int) -> None:
    assert reason(sign(msgspec.structs.replace(GRANT, expires_at=NOW + life_s), KEY)) == "malformed"


def test_signature_by_another_key_or_for_another_purpose_is_refused() -> None:
    payload = sign(GRANT, KEY).partition(".")[0]
    assert reason(sign(GRANT, Ed25519PrivateKey.generate())) == "signature"
    for signed in (payload.encode(), CONTEXT.replace(b"grant", b"probe") + payload.encode()):
        signature = base64.urlsafe_b64encode(KEY.sign(signed)).rstrip(b"=").decode()
        assert reason(f"{payload}.{signature}") == "signature"


def test_unknown_key_is_refused_like_a_wrong_signature() -> None:
    assert reason(sign(msgspec.structs.replace(GRANT, key="key-2"), KEY)) == "signature"


def test_grant_has_one_spelling() -> None:
    payload, signature = sign(GRANT, KEY).split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = alphabet[alphabet.index(signature[-1]) ^ 1]  # the last character of 64 bytes has four bits to spare
    assert reason(f"{payload}.{signature[:-1]}{spare}") == "malformed"
    assert reason(f"{payload}.{signature}==") == "malformed"
    assert reason(f"{payload}.{signature}\n") == "malformed"


@given(st.text(max_size=3000))
def test_no_text_raises_anything_but_refusal(text: str) -> None:
    assert reason(text) in ("malformed", "signature")
