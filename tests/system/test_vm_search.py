"""The search of make test-vm through raw disks, judged without a machine: it finds what is there, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.vm.search import READ_BYTES, count, found

NEEDLES = {"a word": b"lantern", "a key": bytes(range(32))}


@pytest.mark.parametrize("before", [0, 5, READ_BYTES - 7, READ_BYTES - 3, READ_BYTES, 2 * READ_BYTES - 1])
def test_a_word_is_found_wherever_it_lies_on_the_disk(tmp_path: Path, before: int) -> None:
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"\0" * before + b"lantern" + b"\0" * 40)
    assert count(disk, NEEDLES) == {"a word": 1, "a key": 0}


def test_a_disk_that_shows_nothing_is_clean(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"lanter\0n" * 1000)
    assert found(disk, NEEDLES) == []
