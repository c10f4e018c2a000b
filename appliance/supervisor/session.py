"""supervisord as a child of the command that started it: begun, watched, and ended with everything it started."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from appliance.configure.parts import EVERY_PART
from appliance.configure.render import Places, source_folder
from appliance.leftovers import end_leftovers
from core.errors import Refused

STOP_WITHIN_S = 75.0  # above the sum of the parts' own stopwaitsecs in supervisord.conf.j2


class Lock:
    """One appliance at a time in one run folder. Refused if another process holds it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open: IO[str] | None = None

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        opened = self._file.open("a+", encoding="ascii")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            opened.seek(0)
            holder = opened.read().strip()
            opened.close()
            raise Refused(f"This appliance is running already (process {holder}). Stop that one first.") from e
        opened.truncate(0)
        opened.write(f"{os.getpid()}\n")
        opened.flush()
        self._open = opened
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        if self._open:
            self._open.close()  # the file stays: removing it would let two hold two files of one name


class Session:
    """A running supervisord. Leaving the ``with`` block ends it and all its parts, whatever the reason."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        places = self._places
        environment = dict(os.environ)
        if source := source_folder():
            environment["PYTHONPATH"] = source
        said = places.log / "supervisord-start.log"  # complaints about its configuration, before it has a log
        with said.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and modules
                [
                    *(sys.executable, "-m", "appliance.launch", "--end-with-parent"),
                    *("--record", str(supervisord_record(places)), "--remove", str(places.supervisor_socket)),
                    *("--", sys.executable, "-m", "supervisor.supervisord", "--silent"),
                    *("--configuration", str(places.supervisord_conf)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C reaches this command only, which stops the parts in order
            )
        return self

    @property
    def ended(self) -> bool:
        """Whether supervisord is gone, which it should not be inside the block."""
        return self._process is None or self._process.poll() is not None

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        process = self._process
        if process and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        end_all_leftovers(self._places)


def supervisord_record(places: Places) -> Path:
    return places.records / "supervisord.json"


def end_all_leftovers(places: Places) -> int:
    """End what earlier, killed runs in this folder left behind; how many processes there were."""
    # supervisord first: it would start the others again.
    records = [supervisord_record(places), *(places.record(part) for part in EVERY_PART)]
    return sum(end_leftovers(record) for record in records)
