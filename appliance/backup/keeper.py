"""``python -m appliance.backup.keeper --config FILE``: takes a backup every hour, asks the targets whether they are
there, proves the newest set every night, and alerts clinic IT within five minutes when something of this fails.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path

from appliance.alerts import alert
from appliance.backup import schedule
from appliance.backup.drill import drill
from appliance.backup.make import back_up, repository, workplace
from appliance.backup.schedule import Target
from appliance.configure.files import write
from core.clock import utcnow
from core.errors import WellhouseError
from core.log import EventLog, start_logging
from core.settings import DEFAULT_FILE, Settings, load
from webapp.crypto.keyring import Keyring

log = EventLog("wellhouse.backup")

LOOK_EVERY_S = 20.0


class Keeper:
    """Remembers each target between looks, in ``keeper.json`` in the workplace."""

    def __init__(
        self, settings: Settings, config: Path, keyring: Keyring, tell: Callable[[Settings, str, datetime], None]
    ) -> None:
        self._settings, self._config, self._keyring, self._tell = settings, config, keyring, tell
        self._file = workplace(settings) / "keeper.json"
        self._known = read(self._file)

    def look(self, *, at: datetime) -> None:
        """Do what is due at *at*."""
        known = {name: self._known.get(name, Target()) for name in self._settings.backup.targets}
        if any(schedule.backup_is_due(target, at=at) for target in known.values()):
            known = self._back_up(known, at)
        for name, target in known.items():
            if schedule.drill_is_due(target, at=at):
                target = self._drill(name, target, at)
            elif schedule.probe_is_due(target, at=at):
                target = self._probe(name, target, at)
            if schedule.alert_is_due(target, at=at):
                self._tell(self._settings, f"The backup to {name} does not work: {target.fault}", at)
                target = replace(target, alerted_at=at)
            known[name] = target
        self._known = known
        _write(self._file, known)

    def _back_up(self, known: dict[str, Target], at: datetime) -> dict[str, Target]:
        try:
            answers = back_up(self._settings, self._config, self._keyring, at=at)
        except WellhouseError as e:
            log.warning("backup.failed", why=e.sentence)
            return {
                name: schedule.after_answer(replace(target, tried_at=at), e.sentence) for name, target in known.items()
            }
        after = dict(known)
        for answer in answers:
            target = replace(after[answer.target], tried_at=at, probed_at=at)
            if answer.snapshot:
                target = replace(target, saved_at=at)
            after[answer.target] = schedule.after_answer(target, answer.fault)
        return after

    def _probe(self, name: str, target: Target, at: datetime) -> Target:
        try:
            repository(name, self._settings, self._keyring).snapshots()
        except WellhouseError as e:
            return schedule.after_answer(replace(target, probed_at=at), e.sentence)
        return schedule.after_answer(replace(target, probed_at=at), "")

    def _drill(self, name: str, target: Target, at: datetime) -> Target:
        try:
            done = drill(name, self._settings, self._keyring)
        except WellhouseError as e:
            return schedule.after_answer(replace(target, drilled_at=at), e.sentence)
        log.info("backup.proved", number=done.number, rows=done.rows)
        return schedule.after_answer(replace(target, drilled_at=at), "")


def read(file: Path) -> dict[str, Target]:
    """What the keeper last knew of each target; nothing yet on a new box."""
    if not file.exists():
        return {}
    raw = json.loads(file.read_text(encoding="utf-8"))
    return {name: _target(values) for name, values in raw.items()}


def _target(values: dict[str, str]) -> Target:
    times = {field.name for field in fields(Target)} - {"fault"}
    known = {name: datetime.fromisoformat(values[name]) for name in times if values.get(name)}
    return Target(**known, fault=values.get("fault", ""))


def _write(file: Path, known: dict[str, Target]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows = {name: {key: value for key, value in asdict(target).items() if value} for name, target in known.items()}
    write(file, json.dumps(rows, default=datetime.isoformat).encode(), mode=0o600)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.backup.keeper", description=__doc__)
    parser.add_argument("--config", type=Path, default=DEFAULT_FILE)
    given = parser.parse_args()
    start_logging()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        settings = load(given.config)
        keeper = Keeper(settings, given.config, Keyring.of(settings.paths), alert)
    except WellhouseError as e:
        sys.stderr.write(f"{e.sentence}\n")
        return 2
    while not stop.is_set():
        keeper.look(at=utcnow())
        stop.wait(LOOK_EVERY_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
