"""A list of passwords that were stolen elsewhere, which the clinic supplies as a file: looked up on disk, never loaded.

The file is the one that “Have I Been Pwned” gives out, ordered by hash: one SHA-1 hash in hexadecimal letters a line,
and behind a colon how often it was seen, which is not read. A billion lines take some thirty small reads.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused

LINE_MAX = 64  # bytes: 40 of the hash, a colon, a count of up to twenty digits, CR LF
BLOCK = 4096  # as small as this is read at once and looked through
SAMPLES = 64

_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::[0-9]{1,20})?\r?")


class Unusable(Refused):
    """The file is not there, or not such a list; the sentence says which and what to do."""


@dataclass(frozen=True)
class BreachedList:
    """The list in *file*. It is opened for each question, so a newer one can be put in its place at any time."""

    file: Path

    def holds(self, password: str) -> bool:
        """Whether *password* is in it. Unusable where the lines that were met are no such list, or out of order."""
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._opened() as (fd, size):
            return self._search(fd, size, wanted)

    def judge(self) -> int:
        """How many bytes the list has; Unusable if samples from its whole length are not ordered hashes."""
        with self._opened() as (fd, size):
            tail = self._line_start(fd, size, max(0, size - BLOCK))
            starts = sorted({self._line_start(fd, size, tail * part // SAMPLES) for part in range(SAMPLES)})
            samples = [self._hash_at(fd, start) for start in starts if start < tail]
            hashes = [*samples, *self._lines(fd, tail, size)]
            if hashes != sorted(hashes):
                raise self._unordered()
            return size

    def _search(self, fd: int, size: int, wanted: bytes) -> bool:
        # The wanted line begins in [low, high); *after* and *until* are the hashes around that stretch.
        low, high, after, until = 0, size, b"", b"~"
        while high - low > BLOCK:
            middle = (low + high) // 2
            start = self._line_start(fd, size, middle)
            if start >= high:
                high = middle
                continue
            found = self._hash_at(fd, start)
            if not after <= found <= until:
                raise self._unordered()
            if found == wanted:
                return True
            if found < wanted:
                low, after = start, found
            else:
                high, until = middle, found
        return any(found == wanted for found in self._lines(fd, low, high))

    def _line_start(self, fd: int, size: int, place: int) -> int:
        """Where the first line begins at or behind *place*; *size* if none does."""
        if place == 0:
            return 0
        end = os.pread(fd, LINE_MAX, place - 1).find(b"\n")
        if end < 0:
            if size - place >= LINE_MAX:
                raise self._no_hash()
            return size
        return place + end

    def _hash_at(self, fd: int, start: int) -> bytes:
        line = _LINE.fullmatch(os.pread(fd, LINE_MAX, start).partition(b"\n")[0])
        if line is None:
            raise self._no_hash()
        return line[1].upper()

    def _lines(self, fd: int, low: int, high: int) -> Iterator[bytes]:
        """The hashes of the lines that begin in [*low*, *high*), where *low* is the beginning of one."""
        text, place = os.pread(fd, high - low + LINE_MAX, low), 0
        while low + place < high:
            end = text.find(b"\n", place)
            line = _LINE.fullmatch(text[place : end if end >= 0 else len(text)])
            if line is None:
                raise self._no_hash()
            yield line[1].upper()
            if end < 0:
                return
            place = end + 1

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        try:
            fd = os.open(self.file, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as e:
            raise Unusable(
                f"passwords.breached_file names {self.file}, which cannot be read ({e.strerror}). "
                "Put the list there, readable for the portal, or leave the setting empty."
            ) from e
        try:
            size = os.fstat(fd).st_size
            if size == 0:
                raise self._no_hash()
            yield fd, size
        except IsADirectoryError as e:
            raise self._no_hash() from e
        finally:
            os.close(fd)

    def _no_hash(self) -> Unusable:
        return Unusable(
            f"{self.file} is not a list of SHA-1 hashes, one a line as 40 letters 0-9 and A-F. "
            "Take the SHA-1 list that is ordered by hash, or leave passwords.breached_file empty."
        )

    def _unordered(self) -> Unusable:
        return Unusable(
            f"The hashes in {self.file} are not in order, so nothing could be found in it. "
            "Take the list that is ordered by hash, or sort it: LC_ALL=C sort -o LIST LIST."
        )
