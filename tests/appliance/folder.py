"""An appliance in a folder of its own, on ports that nobody else uses."""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from appliance.configure import root as folder
from appliance.configure.apply import apply
from appliance.leftovers import leftovers
from core.settings import Settings

READY = "Wellhouse is ready"
CHECKOUT = Path(__file__).parent.parent.parent


_held: list[socket.socket] = []


def free_base() -> int:
    """A port whose neighbours, too, are free: an appliance counts its ports up from it. Another run of tests on this
    machine gets no port of them until this process ends.
    """
    for _ in range(1000):
        base = random.randrange(20_000, 32_000, folder.PORTS_APART)  # below the kernel's own range
        if _hold(base) and all(_is_free(base + offset) for offset in range(folder.PORTS_APART)):
            return base
    raise AssertionError("no fifty free ports in a row")


def _hold(base: int) -> bool:
    # Between asking whether ports are free and listening there, somebody else could be told the same. A name without a
    # file goes with the process that holds it (unix(7), abstract).
    sign = socket.socket(socket.AF_UNIX)
    try:
        sign.bind(f"\0wellhouse-tests-{base}")
    except OSError:
        sign.close()
        return False
    _held.append(sign)
    return True


def configured(root: Path, **wishes: Any) -> Settings:
    """Settings and rendered files in *root*, as “wellhouse up” would make them."""
    settings = folder.provide(root, folder.Wishes(https_port=wishes.pop("https_port", None) or free_base(), **wishes))
    apply(settings, folder.settings_file(root), at=datetime.now(UTC))
    return settings


def wellhouse(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "appliance", *map(str, arguments)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,  # “up” itself gives a part 120 s
    )


@contextmanager
def up(root: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """“wellhouse up” in *root*, ready; stopped at the end if the test has not done so."""
    process = start(root, *arguments)
    try:
        wait_until_ready(process)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "appliance", "up", "--root", str(root), *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith(READY):
            return
    raise AssertionError("the appliance did not come up:\n" + "".join(said))


def last_words(process: subprocess.Popen[str]) -> str:
    """What the command says from here to its end.

    Read through the same reader as the lines before: it may have taken more from the pipe than it has handed out,
    which communicate() would not see.
    """
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    process.wait(timeout=60)
    return said


def members(root: Path) -> dict[str, list[int]]:
    """Living processes by the part whose group they are in."""
    run = Path(folder.provide(root, folder.Wishes()).paths.run)
    records = [run / "parts/supervisord.json", *(run / "parts").glob("*/*.json")]
    return {record.stem: found for record in records if (found := leftovers(record))}


def eventually(true: Any, *, within_s: float = 20.0) -> None:
    """Wait until *true()* holds."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def ask(socket_file: Path, path: str) -> Any:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(socket_file))
    connection.request("GET", path)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def running(pid: int) -> bool:
    """Whether *pid* still does anything: one that ended and that nobody has asked about does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104  # as the parts will
            except OSError:
                return False
    return True
