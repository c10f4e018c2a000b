"""Somebody at a terminal: waits for what the program prints, and types."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

PROGRAM = Path(__file__).with_name("console.py")
PYTHON = "/usr/bin/python3"  # the system's own, as install.sh takes it
WAITS_S = 30.0
_PROMPT = re.compile(r"\n  (> |\[.*\] )$")


class Typist:
    """One run of the questions with its files in *folder*."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._terminal, its_side = pty.openpty()
        self.process = subprocess.Popen(
            [PYTHON, "-B", str(PROGRAM), str(folder), *options],
            stdin=its_side,
            stdout=its_side,
            stderr=its_side,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(its_side)
        self.seen = ""
        self._read_up_to = 0

    def sees(self, text: str) -> str:
        """Waits until *text* was printed after what was waited for before; what came up to its end."""
        return self._sees(re.compile(re.escape(text)))

    def _sees(self, pattern: re.Pattern[str]) -> str:
        deadline = time.monotonic() + WAITS_S
        while (found := pattern.search(self.seen, self._read_up_to)) is None:
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
            try:
                came = os.read(self._terminal, 65536) if ready else b""
            except OSError:  # the program ended
                came = b""
            if not came:
                raise AssertionError(f"{pattern.pattern!r} was not seen in: {self.seen[self._read_up_to :]}")
            self.seen += came.decode().replace("\r\n", "\n")
        start, self._read_up_to = self._read_up_to, found.end()
        return self.seen[start : self._read_up_to]

    def types(self, text: str) -> None:
        os.write(self._terminal, f"{text}\n".encode())

    def answers(self, title: str, text: str) -> None:
        """Waits for the question of that title, and for its prompt, and answers."""
        self.sees(f"\n{title}\n")
        self._sees(_PROMPT)
        self.types(text)

    def presses_ctrl_c_until_it_ends(self) -> int:
        """The exit code. Like a person, once more if nothing happens: a program that is about to read may miss one."""
        while self.process.poll() is None:
            os.write(self._terminal, b"\x03")
            try:
                self.process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                continue
        return self.ends()

    def ends(self) -> int:
        """Waits for the end; the exit code."""
        while select.select([self._terminal], [], [], WAITS_S)[0]:
            try:
                came = os.read(self._terminal, 65536)
            except OSError:  # the other side is closed
                break
            self.seen += came.decode().replace("\r\n", "\n")
        return self.process.wait(timeout=WAITS_S)

    def leaves(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._terminal)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches the program as at a console
    # A test run in the background inherits that Ctrl-C is ignored; a login shell's programs do not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
