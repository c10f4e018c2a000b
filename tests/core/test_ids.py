from __future__ import annotations

from core.clock import from_unix, utcnow
from core.errors import Invalid, NotFound, Unavailable, WellhouseError
from core.ids import new_id, new_token, token_hash


def test_tokens_hold_256_bits_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)
    assert len({token_hash(token) for token in tokens}) == 100
    assert new_id().version == 4


def test_errors_carry_a_sentence_and_what_belongs_to_them() -> None:
    assert NotFound("It is not here.").sentence == "It is not here."
    assert Invalid("Too short.", field="name").field == "name"
    assert Unavailable("Later.", retry_after_s=9).retry_after_s == 9
    assert WellhouseError().sentence == ""


def test_time_is_aware_and_in_utc() -> None:
    assert str(utcnow().tzinfo) == "UTC"
    assert from_unix(0).isoformat() == "1970-01-01T00:00:00+00:00"
