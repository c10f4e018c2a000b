"""Telling systemd that the appliance answers, where systemd asked to be told (Type=notify; sd_notify(3))."""

from __future__ import annotations

import os
import socket

VARIABLE = "NOTIFY_SOCKET"


def take_listener() -> str:
    """Where systemd waits for word, or empty. It is taken out of the environment: no part is to speak for the whole."""
    return os.environ.pop(VARIABLE, "")


def ready(listener: str) -> None:
    """Tell *listener*, if there is one, that everything answers."""
    if not listener:
        return
    address = "\0" + listener[1:] if listener.startswith("@") else listener  # @ stands for an abstract name
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect(address)
        out.sendall(b"READY=1\nSTATUS=every part answers\n")
