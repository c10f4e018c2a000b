"""The portal's side of the media server's control socket (rtc/CONTROL.md)."""

from __future__ import annotations

import http.client
import socket
import uuid
from pathlib import Path

import msgspec

from core.errors import Unavailable
from core.room_events import RoomEventPage

ANSWER_WITHIN_S = 3.0  # a person waits for it
EVENTS_WAIT_S = 25  # the longest that the media server holds the question


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket; under gevent the waiting is cooperative."""

    def __init__(self, file: Path, timeout_s: float) -> None:
        super().__init__("rtc", timeout=timeout_s)
        self._file = file
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._file))


def remove_participant(control_socket: Path, room: uuid.UUID, participant: uuid.UUID) -> None:
    """End this person's right to be in the room: media and signalling stop at once. Also if they are not inside."""
    _ask(control_socket, "DELETE", f"/v1/rooms/{room}/participants/{participant}")


def close_room(control_socket: Path, room: uuid.UUID) -> None:
    """End the visit for everybody in the room. Also if nobody is inside."""
    _ask(control_socket, "DELETE", f"/v1/rooms/{room}")


def events_after(control_socket: Path, number: int, *, wait_s: int = EVENTS_WAIT_S) -> RoomEventPage:
    """What happened after event *number*; waits up to *wait_s* for the first. Up to *number* is forgotten there."""
    answer = _ask(
        control_socket, "GET", f"/v1/events?after={number}&wait_s={wait_s}", timeout_s=wait_s + ANSWER_WITHIN_S
    )
    try:
        return msgspec.json.decode(answer, type=RoomEventPage)
    except msgspec.MsgspecError as e:
        raise Unavailable("The media server answered in a way that this version does not understand.") from e


def _ask(control_socket: Path, method: str, path: str, *, timeout_s: float = ANSWER_WITHIN_S) -> bytes:
    connection = _Connection(control_socket, timeout_s)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as e:
        raise Unavailable("The media server does not answer. It is being started again; try once more.") from e
    finally:
        connection.close()
    if answer.status >= 400:
        raise Unavailable(f"The media server refused {method} {path} with status {answer.status}.")
    return body
