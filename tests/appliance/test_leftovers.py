"""What a killed part left running is ended before it starts again, and nothing else is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.leftovers import end_leftovers, leftovers
from tests.appliance.folder import CHECKOUT, eventually, running

# A master whose child, like nginx's workers, does not notice that the master was killed.
MASTER = """
import subprocess, time
print(subprocess.Popen(["sleep", "600"]).pid, flush=True)
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


def launch(record: Path, *program: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "appliance.launch", "--record", str(record), *options, "--", *program],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finish(process: subprocess.Popen[str]) -> str:
    process.kill()
    _, said = process.communicate()
    return said


def test_a_killed_masters_child_is_ended_before_the_next_start(tmp_path: Path) -> None:
    record = tmp_path / "part.json"
    master = launch(record, sys.executable, "-c", MASTER)
    orphan = int(first_line(master))
    master.kill()
    master.wait()
    assert leftovers(record) == [orphan]

    again = launch(record, sys.executable, "-c", "print('up', flush=True); import time; time.sleep(600)")
    assert first_line(again) == "up"
    assert orphan not in leftovers(record)
    assert not running(orphan)
    assert "ended 1 left-over processes of part" in finish(again)
    master.communicate()


def test_a_leftover_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    record = tmp_path / "part.json"
    stubborn = launch(record, sys.executable, "-c", STUBBORN)
    assert first_line(stubborn) == "1"
    assert end_leftovers(record, grace_s=0.2) == 1
    assert stubborn.wait(10) == -signal.SIGKILL
    stubborn.communicate()


@pytest.mark.parametrize("change", [{"boot": "another"}, {"started": 1}])
def test_a_group_number_that_has_passed_to_others_is_left_alone(tmp_path: Path, change: dict[str, object]) -> None:
    record = tmp_path / "part.json"
    stranger = launch(record, sys.executable, "-c", STUBBORN)
    assert first_line(stranger) == "1"
    assert leftovers(record) == [stranger.pid]
    record.write_text(json.dumps({**json.loads(record.read_text()), **change}))
    assert end_leftovers(record) == 0
    assert stranger.poll() is None
    finish(stranger)


@pytest.mark.skipif(os.geteuid() != 0, reason="writes a record for another account")
def test_a_record_ends_nobody_elses_processes(tmp_path: Path) -> None:
    """A part writes its record itself: one that was taken over could name SSH's processes, and root would end them."""
    record = tmp_path / "part.json"
    others = launch(record, "sleep", "600")
    eventually(lambda: record.exists() and running(others.pid))
    os.chown(record, 65534, 65534)
    assert leftovers(record) == []
    assert end_leftovers(record, grace_s=0.1) == 0
    assert running(others.pid)
    finish(others)


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"group": 1}'])
def test_a_record_that_was_cut_off_stops_nothing(tmp_path: Path, text: str) -> None:
    record = tmp_path / "part.json"
    record.write_text(text)
    part = launch(record, sys.executable, "-c", "print('up', flush=True)")
    assert first_line(part) == "up"
    assert part.wait(10) == 0
    part.communicate()


def test_a_socket_file_that_would_be_in_the_way_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "left.sock"
    left.touch()
    part = launch(tmp_path / "part.json", "/bin/true", options=("--remove", str(left)))
    assert part.wait(10) == 0
    assert not left.exists()
    part.communicate()


def test_a_part_ends_with_the_command_that_started_it(tmp_path: Path) -> None:
    record = tmp_path / "part.json"
    script = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-m', 'appliance.launch', '--end-with-parent', '--record', {str(record)!r},"
        " '--', 'sleep', '600'])\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=CHECKOUT)
    eventually(lambda: leftovers(record))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    eventually(lambda: not leftovers(record))
