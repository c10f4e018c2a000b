"""Runs inside the virtual machine, as root: takes commands over a serial port of their own, a line of JSON each.

A request is ``{"command": …, "given": …}``, an answer ``{"status": …, "output": …}``. Nothing of it touches a disk.
"""

from __future__ import annotations

import json
import subprocess

PORT = "/dev/virtio-ports/agent"


def main() -> None:
    with open(PORT, "r+b", buffering=0) as port:  # noqa: PTH123  # a port has no position to seek
        buffered = b""
        while True:
            received = port.read(65536)
            buffered += received or b""
            while b"\n" in buffered:
                line, _, buffered = buffered.partition(b"\n")
                port.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")


def _answer(asked: dict[str, str]) -> dict[str, object]:
    done = subprocess.run(
        ["/bin/bash", "-c", asked["command"]],
        input=asked["given"].encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
    )
    return {"status": done.returncode, "output": done.stdout.decode(errors="replace")}


main()
