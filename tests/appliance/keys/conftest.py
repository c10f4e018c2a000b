from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.keys.place import IN_MEMORY, file_system
from core.settings import Settings
from tests import box

MEMORY = Path("/dev/shm")  # noqa: S108  # folders of random names are made in it


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder in memory, as /run is: an opened key goes nowhere else."""
    if file_system(MEMORY) not in IN_MEMORY:
        pytest.skip("this machine has no tmpfs at /dev/shm")
    made = Path(tempfile.mkdtemp(prefix="wh-", dir=MEMORY))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def settings(root: Path) -> Settings:
    """A box whose key is a file."""
    return box.make_settings(root / "box")
