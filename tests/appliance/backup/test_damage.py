"""Damaged backups are refused and nothing is touched: a part of tests.appliance.backup.damages, which has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appliance.backup.damages import DAMAGES, Scene, prepare_scene, refused

# One of each kind, without those at which restic tries to read for most of a minute.
SHORT = (
    "a bit flipped in each file of keys, middle",
    "all of index removed",
    "another box's index",
    "a bit flipped in the newest set's name",
    "the whole target of before the last set",
    "set: two documents swapped",
    "set: the manifest signed with another key",
    "set: rightly signed, with other rows",
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return prepare_scene(tmp_path_factory.mktemp("scene"))


@pytest.mark.parametrize("what", SHORT)
def test_damaged_backup_is_refused(scene: Scene, tmp_path: Path, what: str) -> None:
    assert refused(scene, DAMAGES[what], tmp_path / "work", 1)


def test_there_are_fifty_kinds_of_damage() -> None:
    assert len(DAMAGES) >= 50


def test_backup_that_nobody_damaged_is_taken(scene: Scene, tmp_path: Path) -> None:
    """Else all of the above could be refused for another reason."""
    with pytest.raises(AssertionError, match="it was not refused"):
        refused(scene, lambda _scene: None, tmp_path / "work", 1)
