"""Folders and locks that root makes where an account of ours may have put a link before."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from appliance.configure.files import Owner, folder
from core.errors import Refused

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other accounts")


@AS_ROOT
def test_a_folder_is_not_given_away_through_a_link_of_somebody_elses(tmp_path: Path) -> None:
    precious, link, portal = tmp_path / "etc", tmp_path / "rtc", pwd.getpwnam("daemon")
    precious.mkdir(mode=0o755)
    link.symlink_to(precious)
    os.chown(link, portal.pw_uid, portal.pw_gid, follow_symlinks=False)
    with pytest.raises(Refused, match=r"rtc is a link of the account daemon"):
        folder(link, mode=0o750, own=Owner(portal.pw_uid, portal.pw_gid))
    assert (precious.stat().st_uid, precious.stat().st_mode & 0o777) == (0, 0o755)


def test_a_link_of_clinic_its_own_is_followed(tmp_path: Path) -> None:
    """As to another disk."""
    (tmp_path / "disk").mkdir(mode=0o755)
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    assert folder(tmp_path / "data", mode=0o700)
    assert (tmp_path / "disk").stat().st_mode & 0o777 == 0o700
    assert not folder(tmp_path / "data", mode=0o700)
