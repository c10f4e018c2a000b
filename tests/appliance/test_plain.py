"""Nothing that a part of the box wrote down commands root's terminal."""

from __future__ import annotations

import pytest

from appliance.checks.finding import error
from appliance.commands import check
from appliance.plain import plain


def test_a_finding_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    check._print("backup", error("It is full.\x1b]0;owned\x07\x9b2J\u202e", "Look.\x1b[2J\nThen again."))
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)
    assert "It is full." in printed
    assert "\nThen again." in printed


def test_what_people_write_stays_as_it_is() -> None:
    assert plain("“José’s clinic”,\n\tgrün, 診所 → ok") == "“José’s clinic”,\n\tgrün, 診所 → ok"
