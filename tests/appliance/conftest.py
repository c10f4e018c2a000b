from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def box_root() -> Iterator[Path]:
    """A short folder: pytest's own are so deep that sockets would not fit."""
    root = Path(tempfile.mkdtemp(prefix="wh-"))
    yield root
    shutil.rmtree(root)
