"""The power fails in the middle: what is there afterwards can be used."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.backup import placing
from appliance.backup.make import back_up, repository
from appliance.backup.restic import Repository
from appliance.backup.restore import Wanted, restore
from appliance.backup.sqlite_set import SQLITE_FILE
from core.errors import Refused
from core.settings import load
from tests.appliance.backup.conftest import AT, ROWS, Small, record
from webapp.app import prepare
from webapp.audit import chain
from webapp.db.database import db

LOCK_NAME = re.compile("[0-9a-f]{64}")


class PowerCut(BaseException):
    """No handler of errors runs when the power fails."""


def rows_of(small: Small) -> int:
    prepare(load(small.config))
    with db.connection_context():
        verdict = chain.verify()
    db.obj.close_all()
    assert verdict.fault == ""
    return verdict.rows


def cut_off_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let the power fail before the *number*-th rename or removal; gives how many there were."""
    done = 0
    kept: dict[str, Any] = {name: getattr(Path, name) for name in ("rename", "replace", "unlink")}

    def wrap(name: str) -> Callable[..., Any]:
        def call(self: Path, *args: Any, **kwargs: Any) -> Any:
            nonlocal done
            done += 1
            if done == number:
                raise PowerCut
            return kept[name](self, *args, **kwargs)

        return call

    for name in kept:
        monkeypatch.setattr(Path, name, wrap(name))
    return lambda: done


def test_restore_that_is_cut_off_anywhere_is_finished_by_the_next(
    backed: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step of putting a proved set in its place, on a box that has other data."""
    data = Path(backed.settings.paths.data)
    (data / "documents").mkdir()
    (data / "documents/of-the-backup").write_text("one")
    back_up(backed.settings, backed.config, backed.keyring, at=AT)
    shutil.rmtree(data / "documents")
    (data / "documents").mkdir()
    (data / "documents/of-today").write_text("two")
    record(5)
    db.obj.close_all()
    shutil.copytree(tmp_path / "box", tmp_path / "before")
    wanted = Wanted(backed.target, backed.recovery_key, replace=True)
    _fetched_once(monkeypatch, backed, tmp_path / "fetched")
    real_carry_out, steps = placing.carry_out, 0
    for number in range(1, 60):
        shutil.rmtree(tmp_path / "box")
        shutil.copytree(tmp_path / "before", tmp_path / "box")
        with pytest.MonkeyPatch.context() as patch:

            def carry_out(*args: Any, number: int = number, patch: pytest.MonkeyPatch = patch, **kwargs: Any) -> Any:
                nonlocal steps
                with pytest.MonkeyPatch.context() as cutting:
                    count = cut_off_at(number, cutting)
                    try:
                        return real_carry_out(*args, **kwargs)
                    finally:
                        steps = count()

            patch.setattr(placing, "carry_out", carry_out)
            try:
                restore(wanted, backed.config, at=AT, say=lambda _: None)
            except PowerCut:
                pass
            else:
                break
        if placing.scratch(backed.settings).joinpath("plan.json").exists():
            with pytest.raises(Refused, match="run the same"):
                placing.refuse_half_restored(backed.settings)
            restore(wanted, backed.config, at=AT, say=lambda _: None)
        placing.refuse_half_restored(backed.settings)
        assert rows_of(backed) == ROWS, number
        assert [file.name for file in (data / "documents").iterdir()] == ["of-the-backup"], number
        (aside,) = data.glob(f"{placing.ASIDE}*")
        assert (aside / SQLITE_FILE).exists(), number
        assert (aside / "documents/of-today").read_text() == "two", number
    assert steps > 6, "the power must have failed at several places"
    assert rows_of(backed) == ROWS


def _fetched_once(patch: pytest.MonkeyPatch, small: Small, folder: Path) -> None:
    """Have the target asked only once: fetching the same set again and again would take a minute."""
    place = repository(small.target, small.settings, small.keyring)
    known = place.snapshots()
    place.restore(known[-1].id, folder)
    patch.setattr(Repository, "snapshots", lambda *_args, **_kwargs: known)
    patch.setattr(Repository, "size_bytes", lambda *_args: 1)
    patch.setattr(Repository, "restore", lambda _self, _id, target: shutil.copytree(folder, target))


def test_restore_that_is_cut_off_before_the_plan_leaves_the_box_as_it_was(backed: Small) -> None:
    record(5)
    db.obj.close_all()

    def cut(*_: object, **__: object) -> None:
        os._exit(9)

    child = os.fork()
    if child == 0:
        placing.plan = cut  # type: ignore[assignment]
        restore(Wanted(backed.target, backed.recovery_key, replace=True), backed.config, at=AT, say=lambda _: None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert placing.scratch(backed.settings).exists()
    placing.refuse_half_restored(backed.settings)
    assert rows_of(backed) == ROWS + 5
    restore(Wanted(backed.target, backed.recovery_key, replace=True), backed.config, at=AT, say=lambda _: None)
    assert not placing.scratch(backed.settings).exists()


@pytest.mark.parametrize("after_s", [0.3, 0.9, 1.5])
def test_backup_that_is_killed_leaves_the_target_whole(backed: Small, after_s: float) -> None:
    record(200)
    db.obj.close_all()
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.portal_steps", "backup-now", str(backed.config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)  # restic with it
    process.wait()
    (answer,) = back_up(load(backed.config), backed.config, backed.keyring, at=AT)
    assert answer.fault == ""
    numbers = [each.number for each in repository(backed.target, backed.settings, backed.keyring).snapshots()]
    assert numbers == sorted(set(numbers)), "no number is given twice"
    shutil.rmtree(backed.settings.paths.data)
    restore(Wanted(backed.target, backed.recovery_key), backed.config, at=AT, say=lambda _: None)
    assert rows_of(backed) == ROWS + 200


def _locks(small: Small) -> list[Path]:
    """Those that count: restic writes each under another name first, and gives it its own when it is whole."""
    return [file for file in Path(small.target, "locks").iterdir() if LOCK_NAME.fullmatch(file.name)]


@pytest.fixture
def locked(backed: Small) -> Iterator[subprocess.Popen[bytes]]:
    """A restic that has the repository for itself alone, as while old sets are dropped; `check` can be made slow."""
    place = repository(backed.target, backed.settings, backed.keyring)
    process = subprocess.Popen(
        ["restic", "check", "--read-data", "--limit-download", "1"],
        env={
            "PATH": "/usr/bin:/bin",
            "RESTIC_REPOSITORY": place.target,
            "RESTIC_PASSWORD": place.password,
            "RESTIC_CACHE_DIR": str(place.cache),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not _locks(backed):
        assert process.poll() is None
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_lock_that_a_killed_restic_left_does_not_stop_the_next_backup(
    backed: Small, locked: subprocess.Popen[bytes]
) -> None:
    locked.kill()
    locked.wait()
    assert _locks(backed)
    (answer,) = back_up(backed.settings, backed.config, backed.keyring, at=AT)
    assert answer.fault == ""
    assert not _locks(backed)


def test_lock_of_a_restic_that_works_is_left_and_named(backed: Small, locked: subprocess.Popen[bytes]) -> None:
    (answer,) = back_up(backed.settings, backed.config, backed.keyring, at=AT)
    assert answer.fault.startswith("Somebody else is working on the backups at")
    assert str(locked.pid) in answer.fault
    assert locked.poll() is None
    assert _locks(backed)


def test_plan_of_another_key_is_not_carried_out(backed: Small) -> None:
    db.obj.close_all()
    restored = restore(
        Wanted(backed.target, backed.recovery_key, replace=True), backed.config, at=AT, say=lambda _: None
    )
    placing.make_scratch(backed.settings)
    placing.plan(backed.settings, backed.keyring, restored.manifest, newest=1, schema="", at=AT)
    with pytest.raises(Refused, match="another recovery key"):
        restore(Wanted(backed.target, "ab" * 32, replace=True), backed.config, at=AT, say=lambda _: None)
