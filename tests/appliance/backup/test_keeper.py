"""The keeper: every hour, every night, and an alert when a target stops."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.backup import make, process, schedule
from appliance.backup.keeper import Keeper
from appliance.backup.restore import Wanted, restore
from appliance.backup.schedule import Target
from appliance.backup.state import alone, read_state
from appliance.troubles import Troubles
from core.settings import Settings
from tests.appliance.backup.conftest import AT, Small
from webapp.db.database import db

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOOK = timedelta(seconds=20)


@pytest.mark.parametrize(
    ("saved", "tried", "due"),
    [(None, None, True), (59, 59, False), (60, 60, True), (90, 5, False), (90, 10, True), (None, 5, False)],
)
def test_backup_is_taken_hourly_and_retried_after_ten_minutes(saved: int | None, tried: int | None, due: bool) -> None:
    saved_at = None if saved is None else NOON - saved * MINUTE
    target = Target(tried_at=None if tried is None else NOON - tried * MINUTE)
    assert schedule.backup_is_due(target, saved_at, at=NOON) is due


def test_drill_runs_once_a_night() -> None:
    night = datetime(2026, 3, 12, 3, 5, tzinfo=UTC)
    saved_at = night - 30 * MINUTE
    assert schedule.drill_is_due(Target(), saved_at, at=night)
    assert not schedule.drill_is_due(Target(), saved_at, at=night - timedelta(hours=1))
    done = Target(drilled_at=night)
    assert not schedule.drill_is_due(done, saved_at, at=night + timedelta(hours=10))
    assert schedule.drill_is_due(done, saved_at, at=night + timedelta(hours=24))


def test_clock_that_was_once_years_ahead_stops_nothing() -> None:
    """Noted while the clock was wrong; it is right again, and those times are still to come."""
    ahead = NOON + timedelta(days=3650)
    noted = Target(tried_at=ahead, probed_at=ahead, drilled_at=ahead, proved_at=ahead)
    assert schedule.backup_is_due(noted, ahead, at=NOON)
    assert schedule.probe_is_due(noted, failing=False, at=NOON)
    assert schedule.drill_is_due(noted, ahead, at=NOON)


class Inbox:
    """Where alerts go. *open* is whether they arrive."""

    def __init__(self) -> None:
        self.told: list[tuple[str, datetime]] = []
        self.open = True

    def tell(self, sentence: str, at: datetime) -> bool:
        if self.open:
            self.told.append((sentence, at))
        return self.open


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_restored_box_is_backed_up_at_once_whatever_failed_on_it_before(backed: Small, inbox: Inbox) -> None:
    """As on a new machine whose own key does not open the lost one's backups."""

    def keeper() -> Keeper:
        return Keeper(backed.settings, backed.config, backed.keyring, lambda _, *told: inbox.tell(*told))

    target, away = Path(backed.target), Path(f"{backed.target}.away")
    target.rename(away)
    target.write_text("no folder")
    keeper().work(at=AT + 61 * MINUTE)
    assert read_state(backed.settings).targets[backed.target].saved_at == AT
    target.unlink()
    away.rename(target)
    db.obj.close_all()
    wanted = Wanted(backed.target, backed.recovery_key, replace=True)
    restore(wanted, backed.config, at=AT + 62 * MINUTE, say=lambda _: None)
    keeper().work(at=AT + 63 * MINUTE)
    assert read_state(backed.settings).targets[backed.target].saved_at == AT + 63 * MINUTE


def test_trouble_is_told_once_and_again_when_it_had_ended(tmp_path: Path, inbox: Inbox) -> None:
    file = tmp_path / "troubles.json"
    for minute in range(0, 600, 10):
        # made anew each time, as after a restart: what it knows is on disk
        Troubles(file, inbox.tell).report("disk", "It is full.", at=NOON + minute * MINUTE)
    assert len(inbox.told) == 1
    troubles = Troubles(file, inbox.tell)
    troubles.report("disk", "", at=NOON + 601 * MINUTE)
    troubles.report("disk", "It is full.", at=NOON + 602 * MINUTE)
    assert len(inbox.told) == 2
    troubles.report("disk", "It is full.", at=NOON + timedelta(days=8))
    assert len(inbox.told) == 3, "after a week somebody may have forgotten"


def test_trouble_that_passes_quickly_is_told_to_nobody(tmp_path: Path, inbox: Inbox) -> None:
    troubles = Troubles(tmp_path / "troubles.json", inbox.tell)
    for minute, sentence in enumerate(["Away.", "", "Away.", ""]):
        troubles.report("probe", sentence, at=NOON + minute * MINUTE, patience=2 * MINUTE)
    assert inbox.told == []


def test_trouble_met_while_the_clock_was_ahead_is_told_all_the_same(tmp_path: Path, inbox: Inbox) -> None:
    troubles = Troubles(tmp_path / "troubles.json", inbox.tell)
    inbox.open = False
    troubles.report("disk", "It is full.", at=NOON + timedelta(days=3650))
    inbox.open = True
    troubles.report("disk", "It is full.", at=NOON, patience=MINUTE)
    troubles.report("disk", "It is full.", at=NOON + MINUTE, patience=MINUTE)
    assert len(inbox.told) == 1


def test_trouble_that_could_not_be_told_is_tried_again(tmp_path: Path, inbox: Inbox) -> None:
    troubles = Troubles(tmp_path / "troubles.json", inbox.tell)
    inbox.open = False
    troubles.report("disk", "It is full.", at=NOON)
    inbox.open = True
    troubles.report("disk", "It is full.", at=NOON + MINUTE)
    assert [at for _, at in inbox.told] == [NOON + MINUTE]


def keeper_of(small: Small, inbox: Inbox) -> Callable[[], Keeper]:
    """Makes a keeper anew, as after a restart."""

    def tell(_settings: Settings, sentence: str, at: datetime) -> bool:
        return inbox.tell(sentence, at)

    return lambda: Keeper(small.settings, small.config, small.keyring, tell)


def watched(keeper: Callable[[], Keeper], since: datetime, until: Callable[[], bool]) -> datetime:
    """Look every twenty seconds, as the keeper does, until something holds; that time."""
    at = since
    while not until():
        assert at < since + timedelta(hours=1)
        keeper().watch(at=at)
        at += LOOK
    return at


def test_target_that_stops_is_told_within_five_minutes(backed: Small, inbox: Inbox) -> None:
    keeper = keeper_of(backed, inbox)
    keeper().watch(at=NOON)
    assert inbox.told == []
    target = Path(backed.target)
    target.rename(target.with_name("unplugged"))
    stopped = NOON + timedelta(seconds=1)
    watched(keeper, stopped, lambda: bool(inbox.told))
    assert inbox.told[0][1] - stopped <= 5 * MINUTE - 2 * timedelta(seconds=45)  # which restic has to answer, twice
    assert str(target) in inbox.told[0][0]
    for minute in range(10):
        keeper().watch(at=stopped + (5 + minute) * MINUTE)
    assert len(inbox.told) == 1


def test_target_that_came_back_and_stops_again_is_told_again(backed: Small, inbox: Inbox) -> None:
    keeper = keeper_of(backed, inbox)
    target, unplugged = Path(backed.target), Path(backed.target).with_name("unplugged")
    for count in (1, 2):
        target.rename(unplugged)
        watched(keeper, NOON + count * timedelta(hours=1), lambda count=count: len(inbox.told) == count)  # type: ignore[misc]
        unplugged.rename(target)
        keeper().watch(at=NOON + count * timedelta(hours=1, minutes=10))
    assert len(inbox.told) == 2


def test_a_probe_that_goes_well_does_not_hide_that_saving_fails(
    backed: Small, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each retry would be told anew."""
    monkeypatch.setattr(process, "STALLED_AFTER_S", 2.0)  # restic itself tries for a quarter of an hour
    keeper = keeper_of(backed, inbox)
    (Path(backed.target) / "data").rename(Path(backed.target) / "elsewhere")
    (Path(backed.target) / "data").write_text("a file where a folder should be")
    for hour in (1, 2):  # before the drill
        night = NOON.replace(day=13, hour=hour)
        keeper().work(at=night)
        keeper().watch(at=night + 5 * MINUTE)
    assert len(inbox.told) == 1


def test_newest_copy_that_somebody_removed_is_told(backed: Small, inbox: Inbox) -> None:
    """The target answers, and has lost what it was given: as after an older state of it was put back."""
    keeper = keeper_of(backed, inbox)
    shutil.copytree(backed.target, f"{backed.target}.older")
    keeper().work(at=NOON)
    shutil.rmtree(backed.target)
    Path(f"{backed.target}.older").rename(backed.target)
    watched(keeper, NOON, lambda: bool(inbox.told))
    assert "is not there any more" in inbox.told[0][0]


def test_full_disk_is_told_once_although_nothing_can_be_noted(
    backed: Small, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = keeper_of(backed, inbox)()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for minute in range(0, 30, 5):
        keeper.work(at=NOON + minute * MINUTE)
    assert len(inbox.told) == 1
    assert "No space left on device. Make room" in inbox.told[0][0]
    monkeypatch.undo()
    keeper.work(at=NOON + 40 * MINUTE)
    assert read_state(backed.settings).targets[backed.target].saved_at == NOON + 40 * MINUTE


def test_backup_taken_by_hand_counts(backed: Small, inbox: Inbox) -> None:
    keeper = keeper_of(backed, inbox)
    make.back_up(backed.settings, backed.config, backed.keyring, at=AT + timedelta(hours=3))
    keeper().work(at=AT + timedelta(hours=3, minutes=30))
    assert read_state(backed.settings).number == 2


def test_backup_that_another_is_taking_is_no_trouble(backed: Small, inbox: Inbox) -> None:
    with alone(backed.settings):
        keeper_of(backed, inbox)().work(at=NOON)
    assert inbox.told == []
    assert read_state(backed.settings).number == 1


def test_drill_that_finds_damage_is_told(backed: Small, inbox: Inbox) -> None:
    pack = max((Path(backed.target) / "data").rglob("*"), key=lambda path: path.stat().st_size)
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 0x55
    pack.chmod(0o600)
    pack.write_bytes(raw)
    keeper_of(backed, inbox)().work(at=AT + timedelta(minutes=30))
    assert len(inbox.told) == 1
    assert "damaged" in inbox.told[0][0]
