"""The keeper: every hour, every night, and an alert when a target stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.backup import schedule
from appliance.backup.keeper import Keeper
from appliance.backup.schedule import Target
from core.settings import Settings, load
from tests import box
from webapp.app import migrate_database
from webapp.crypto.keyring import Keyring
from webapp.db.database import db

AT = datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("saved", "tried", "due"),
    [(None, None, True), (59, 59, False), (60, 60, True), (90, 5, False), (90, 10, True), (None, 5, False)],
)
def test_backup_is_taken_hourly_and_retried_after_ten_minutes(saved: int | None, tried: int | None, due: bool) -> None:
    target = Target(
        saved_at=None if saved is None else AT - saved * MINUTE, tried_at=None if tried is None else AT - tried * MINUTE
    )
    assert schedule.backup_is_due(target, at=AT) is due


def test_drill_runs_once_a_night() -> None:
    night = datetime(2026, 3, 12, 3, 5, tzinfo=UTC)
    saved = Target(saved_at=night - 30 * MINUTE)
    assert schedule.drill_is_due(saved, at=night)
    assert not schedule.drill_is_due(saved, at=night - timedelta(hours=1))
    done = Target(saved_at=night, drilled_at=night)
    assert not schedule.drill_is_due(done, at=night + timedelta(hours=10))
    assert schedule.drill_is_due(done, at=night + timedelta(hours=24))


def test_alert_is_told_at_once_and_again_only_the_next_day() -> None:
    failing = Target(fault="gone")
    assert schedule.alert_is_due(failing, at=AT)
    told = Target(fault="gone", alerted_at=AT)
    assert not schedule.alert_is_due(told, at=AT + timedelta(hours=23))
    assert schedule.alert_is_due(told, at=AT + timedelta(hours=24))
    assert not schedule.alert_is_due(schedule.after_answer(told, ""), at=AT + timedelta(hours=48))


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Settings, Path]:
    made = box.make_settings(tmp_path / "box")
    lines = [f'{name} = "{getattr(made.paths, name)}"' for name in ("etc", "data", "keys", "run", "log")]
    config = Path(made.paths.etc) / "wellhouse.toml"
    config.write_text("[paths]\n" + "\n".join(lines) + f'\n[backup]\ntargets = ["{tmp_path / "target"}"]\n')
    settings = load(config)
    migrate_database(settings)
    db.obj.close_all()
    return settings, config


def test_target_that_stops_is_told_within_five_minutes(kept: tuple[Settings, Path]) -> None:
    settings, config = kept
    told: list[tuple[str, datetime]] = []
    keyring = Keyring.of(settings.paths)
    keeper = Keeper(settings, config, keyring, lambda _settings, sentence, at: told.append((sentence, at)))
    keeper.look(at=AT)
    assert told == []
    target = Path(settings.backup.targets[0])
    target.rename(target.with_name("unplugged"))
    stopped = AT + 10 * MINUTE
    for minute in range(6):
        # made anew each time, as after a restart: what it knows is on disk
        again = Keeper(settings, config, keyring, lambda _settings, sentence, at: told.append((sentence, at)))
        again.look(at=stopped + minute * MINUTE)
    assert len(told) == 1
    assert told[0][1] - stopped <= 5 * MINUTE
    assert str(target) in told[0][0]
