"""Asking supervisord, over its socket, how the parts are."""

from __future__ import annotations

import enum
import http.client
import socket
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 10.0


class State(enum.StrEnum):
    """Supervisor's words for a part (its manual, "Process States")."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Part:
    """One part as supervisord sees it. *pid* and *up_s* are 0 if it does not run; *stopped_at* is Unix seconds."""

    name: str
    state: State
    pid: int
    up_s: int
    stopped_at: int
    said: str


class NotRunning(Exception):
    """Nobody answers at supervisord's socket, or it is about to end."""


def parts(socket_file: Path) -> dict[str, Part]:
    """All parts by name; NotRunning if supervisord is not there, PermissionError if it is another account's."""
    rows: Any = _ask(socket_file, lambda proxy: proxy.supervisor.getAllProcessInfo())
    return {row["name"]: _part(row) for row in rows}


def hang_up(socket_file: Path, name: str) -> None:
    """Send the part SIGHUP, at which nginx reads its configuration and certificate anew."""
    _ask(socket_file, lambda proxy: proxy.supervisor.signalProcess(name, "HUP"))


def start_again(socket_file: Path, name: str) -> None:
    """End the part, which supervisord then starts again. One that does not run now is about to start anyway."""
    if parts(socket_file)[name].pid:
        _ask(socket_file, lambda proxy: proxy.supervisor.signalProcess(name, "TERM"))


def _ask(socket_file: Path, question: Callable[[xmlrpc.client.ServerProxy], Any]) -> Any:
    try:
        with xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(socket_file)) as proxy:
            return question(proxy)
    except PermissionError as e:
        e.filename = str(socket_file)
        raise
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as e:
        raise NotRunning(str(e)) from e


def _part(row: dict[str, Any]) -> Part:
    running = row["statename"] == State.RUNNING
    up_s = row["now"] - row["start"] if running else 0
    said = row["spawnerr"] or row["description"]
    return Part(row["name"], State(row["statename"]), row["pid"], up_s, row["stop"], said)


class _Connection(http.client.HTTPConnection):
    def __init__(self, socket_file: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._socket_file = socket_file

    def connect(self) -> None:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.settimeout(TIMEOUT_S)
            opened.connect(str(self._socket_file))
        except OSError:
            opened.close()
            raise
        self.sock = opened


class _Transport(xmlrpc.client.Transport):
    def __init__(self, socket_file: Path) -> None:
        super().__init__()
        self._socket_file = socket_file

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _Connection(self._socket_file)
        self._connection = host, connection  # which close() closes
        return connection
