"""What a restore brought back is given away, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance.backup.giving import give
from appliance.configure.files import Owner

NOBODY = Owner(65534, 65534)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other accounts")
def test_links_and_pipes_that_somebody_left_are_not_followed(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("root's own")
    foreign.chmod(0o600)
    data = tmp_path / "data"
    (data / "folder").mkdir(parents=True)
    (data / "folder/own").write_text("brought back")
    (data / "folder/own").chmod(0o6755)
    (data / "folder/link").symlink_to(foreign)
    os.mkfifo(data / "folder/pipe")
    give(data, NOBODY)
    give(data / "folder/link", NOBODY)
    own, other = (data / "folder/own").stat(), foreign.stat()
    assert (own.st_uid, own.st_gid, stat.S_IMODE(own.st_mode)) == (65534, 65534, 0o750)
    assert (other.st_uid, stat.S_IMODE(other.st_mode)) == (0, 0o600)
    assert (data / "folder/pipe").lstat().st_uid == 0
