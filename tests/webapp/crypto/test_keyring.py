"""The master key's file, and the keys made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Refused
from webapp.crypto.keyring import Keyring
from webapp.crypto.seal import SealBroken, seal, unseal

ONE, OTHER = Keyring(bytes(range(32))), Keyring(bytes(range(1, 33)))


def key_file(folder: Path, text: str = "ab" * 32, mode: int = 0o400) -> Path:
    file = folder / "master.key"
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_key_that_only_its_owner_reads_is_taken(tmp_path: Path, mode: int) -> None:
    assert Keyring.load(key_file(tmp_path, mode=mode)).audit_key() == Keyring(bytes.fromhex("ab" * 32)).audit_key()


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o640, 0o644, 0o420, 0o401, 0o777])
def test_key_that_others_can_reach_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, mode=mode)
    with pytest.raises(Refused, match=f"mode {mode:04o}.*chmod 0400 {file}"):
        Keyring.load(file)


def test_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no master key .*master\.key.*recovery sheet"):
        Keyring.load(tmp_path / "master.key")


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33, "é" * 64, "ab cd"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused):
        Keyring.load(key_file(tmp_path, text))


def test_no_two_purposes_share_a_key_and_each_is_the_same_at_every_start() -> None:
    def keys(ring: Keyring) -> list[str | bytes]:
        return [
            ring.database_key(), ring.queue_key(), ring.audit_key(), ring.forms_key(), ring.hash_key("a"),
            ring.hash_key("b"), ring.grant_key()[1].private_bytes_raw(),
        ]  # fmt: skip

    assert keys(ONE) == keys(Keyring(bytes(range(32))))
    assert len({*map(str, keys(ONE)), *map(str, keys(OTHER))}) == 2 * len(keys(ONE))


def test_other_box_cannot_open_what_was_sealed() -> None:
    sealed = seal(ONE, b"a secret", place="note.body")
    assert unseal(ONE, sealed, place="note.body") == b"a secret"
    with pytest.raises(SealBroken):
        unseal(OTHER, sealed, place="note.body")
    with pytest.raises(SealBroken):
        unseal(ONE, sealed, place="note.title")
