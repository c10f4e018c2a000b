from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import grant_keys
from core.errors import Refused


def test_keys_come_back_from_the_file(tmp_path: Path) -> None:
    keys = {name: Ed25519PrivateKey.generate().public_key() for name in ("old", "new")}
    file = tmp_path / "grant-keys.json"
    file.write_text(grant_keys.dump(keys))
    assert grant_keys.load(file) == keys


@pytest.mark.parametrize("content", ["", "[]", '{"a": 5}', '{"a": "AAAA"}', '{"a": "é"}', "null"])
def test_file_that_holds_no_keys_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    file = tmp_path / "grant-keys.json"
    file.write_text(content)
    with pytest.raises(Refused, match="wellhouse configure"):
        grant_keys.load(file)


def test_absent_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"There is no .*wellhouse configure"):
        grant_keys.load(tmp_path / "nowhere.json")
