"""The whole appliance in a folder, on ports of its own."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings, load

READY = "Wellhouse is ready"
TRIES = 5  # somebody else may hold the ports
STOP_S = 30


@dataclass(frozen=True)
class Box:
    """A running appliance."""

    root: Path
    settings: Settings

    @property
    def url(self) -> str:
        return self.settings.origin

    def restart(self, part: str) -> None:
        """Stop and start one part, as an upgrade does."""
        self._supervisor("restart", part)

    def signal_to(self, part: str, number: signal.Signals) -> None:
        """Send a signal to the part's process: KILL, STOP, CONT."""
        self._supervisor("signal", number.name.removeprefix("SIG"), part)

    def _supervisor(self, *words: str) -> None:
        configuration = Path(self.settings.paths.etc) / "supervisord.conf"
        subprocess.run(
            [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(configuration), *words],
            check=True,
            capture_output=True,
            timeout=STOP_S,
        )


@contextlib.contextmanager
def running(root: Path) -> Iterator[Box]:
    """An appliance under *root*, up until the context ends."""
    process = _start(root)
    reader = threading.Thread(target=_drain, args=(process,))
    reader.start()
    try:
        yield Box(root, load(root / "etc/wellhouse.toml"))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        finally:
            process.kill()
            process.wait()
            reader.join()
            if process.stdout:
                process.stdout.close()


def _start(root: Path) -> subprocess.Popen[str]:
    said: list[str] = []
    for _ in range(TRIES):
        port = random.randrange(20_000, 30_000, 50)
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance", "--root", str(root), "up", "--https-port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if READY in line:
                return process
        process.wait()
        process.stdout.close()
    raise AssertionError("the appliance did not come up:\n" + "".join(said))


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for _line in process.stdout:
        pass
