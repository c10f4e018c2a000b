"""``python -m appliance.backup.keeper --config FILE``: takes a backup every hour, asks the targets whether they are
there, proves the newest set every night, and alerts clinic IT within five minutes when something of this fails.
"""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.alerts import alert
from appliance.backup import schedule
from appliance.backup.drill import drill
from appliance.backup.make import back_up, repository
from appliance.backup.schedule import Target
from appliance.backup.state import Kept, read_state, tries_file, troubles_file
from appliance.configure.files import write
from appliance.troubles import Troubles
from core.clock import utcnow
from core.errors import Conflict, WellhouseError
from core.log import EventLog, start_logging
from core.settings import DEFAULT_FILE, Settings, load
from webapp.crypto.keyring import Keyring

log = EventLog("wellhouse.backup")

LOOK_EVERY_S = 20.0

Tell = Callable[[Settings, str, datetime], bool]


class Keeper:
    """Two hands that do not wait for each other: work() may take hours, watch() must notice what has stopped.

    What it knows of each target is in ``keeper.json`` in the workplace.
    """

    def __init__(self, settings: Settings, config: Path, keyring: Keyring, tell: Tell) -> None:
        self._settings, self._config, self._keyring = settings, config, keyring
        self._file = tries_file(settings)
        self._known = read(self._file)
        self._troubles = Troubles(troubles_file(settings), lambda sentence, at: tell(settings, sentence, at))
        self._troubles.forget_all_but(
            {f"{duty} {name}" for name in settings.backup.targets for duty in ("save", "drill", "probe")}
        )
        self._lock = threading.RLock()

    def work(self, *, at: datetime) -> None:
        """Take the backup and make the drills that are due at *at*."""
        saved = read_state(self._settings).targets
        if any(
            schedule.backup_is_due(self._target(name), _saved_at(saved.get(name)), at=at)
            for name in self._settings.backup.targets
        ):
            self._back_up(at)
        for name, kept in read_state(self._settings).targets.items():
            if name in self._settings.backup.targets and schedule.drill_is_due(
                self._target(name), kept.saved_at, at=at
            ):
                self._drill(name, at)

    def watch(self, *, at: datetime) -> None:
        """Ask each target that is due whether it is there and has what it was given."""
        due = [
            name
            for name in self._settings.backup.targets
            if schedule.probe_is_due(self._target(name), failing=self._troubles.lasting(f"probe {name}"), at=at)
        ]
        if not due:
            return
        with ThreadPoolExecutor(max_workers=len(due)) as threads:
            faults = list(threads.map(self._probe, due))
        for name, fault in zip(due, faults, strict=True):
            self._learn(name, probed_at=at)
            self._report("probe", name, fault, at)

    def _back_up(self, at: datetime) -> None:
        try:
            answers = back_up(self._settings, self._config, self._keyring, at=at)
        except Conflict:
            return  # somebody takes one by hand; it counts
        except (WellhouseError, OSError) as e:
            log.warning("backup.failed", why=_sentence(e))
            for name in self._settings.backup.targets:
                self._learn(name, tried_at=at)
                self._report("save", name, _sentence(e), at)
            return
        for answer in answers:
            self._learn(answer.target, tried_at=at)
            self._report("save", answer.target, answer.fault, at)
            if answer.snapshot:
                log.info("backup.saved", snapshot=answer.snapshot[:8])

    def _probe(self, name: str) -> str:
        kept = read_state(self._settings).targets.get(name)
        try:
            found = repository(name, self._settings, self._keyring).snapshots()
        except WellhouseError as e:
            # What was never there is told by the first backup, which would make it.
            return e.sentence if kept else ""
        is_there = any(snapshot.id.startswith(kept.snapshot) for snapshot in found) if kept else True
        if kept and not is_there and kept == read_state(self._settings).targets.get(name):
            return (
                f"The newest copy ({kept.snapshot[:8]} of {kept.saved_at:%Y-%m-%d %H:%M} UTC) is not there any more. "
                "Somebody removed it, or put an older state of the target in its place."
            )
        return ""

    def _drill(self, name: str, at: datetime) -> None:
        try:
            done = drill(name, self._settings, self._keyring, at=at)
        except Conflict:
            return  # tried again at the next look
        except (WellhouseError, OSError) as e:
            self._learn(name, drilled_at=at)
            self._report("drill", name, _sentence(e), at)
            return
        log.info("backup.proved", number=done.number, rows=done.rows)
        self._learn(name, drilled_at=at, proved_at=at)
        self._report("drill", name, "", at)

    def _target(self, name: str) -> Target:
        with self._lock:
            return self._known.get(name, Target())

    def _learn(self, name: str, **times: datetime) -> None:
        with self._lock:
            self._known[name] = msgspec.structs.replace(self._target(name), **times)
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write(self._file, msgspec.json.encode(self._known), mode=0o600)
            except OSError as e:  # a full disk must be told of, so it may not end the round here
                log.warning("backup.not_noted", why=e.strerror)

    def _report(self, duty: str, name: str, fault: str, at: datetime) -> None:
        patience = schedule.PATIENCE if duty == "probe" else schedule.AT_ONCE
        if fault and duty != "probe" and (gone := self._probe(name)):
            # Told once, as what it is: not also by all that cannot be done there.
            duty, fault, patience = "probe", gone, schedule.PATIENCE
        sentence = f"The backup to {name} does not work. {fault}" if fault else ""
        with self._lock:
            self._troubles.report(f"{duty} {name}", sentence, at=at, patience=patience)


def read(file: Path) -> dict[str, Target]:
    """What the keeper last knew of each target; nothing yet on a new box."""
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Target]) if file.exists() else {}


def _sentence(fault: WellhouseError | OSError) -> str:
    if isinstance(fault, WellhouseError):
        return fault.sentence
    then = " Make room on the disk of its data." if fault.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return f"The box could not copy its data: {fault.strerror or fault}.{then}"


def _saved_at(kept: Kept | None) -> datetime | None:
    return kept.saved_at if kept else None


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

    def again_and_again(do: Callable[..., None]) -> None:
        while not stop.is_set():
            try:
                do(at=utcnow())
            except Exception:  # one bad round must not be the last: it is logged and tried again
                log.exception("backup.round_failed")
            stop.wait(LOOK_EVERY_S)

    working = threading.Thread(target=again_and_again, args=(keeper.work,), name="work")
    working.start()
    again_and_again(keeper.watch)
    working.join()  # a backup that is being taken is let finish, as long as supervisord has patience
    return 0


if __name__ == "__main__":
    sys.exit(main())
