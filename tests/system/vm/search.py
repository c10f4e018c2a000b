"""Whether a raw disk shows what it must not."""

from __future__ import annotations

from pathlib import Path

READ_BYTES = 16 * 1024**2


def count(disk: Path, needles: dict[str, bytes]) -> dict[str, int]:
    """How often each needle stands in the file, also across the borders of what is read at once."""
    overlap = max(map(len, needles.values())) - 1
    counts, kept = dict.fromkeys(needles, 0), b""
    with disk.open("rb") as opened:
        while block := opened.read(READ_BYTES):
            text = kept + block
            for name, needle in needles.items():
                counts[name] += text.count(needle) - kept.count(needle)
            kept = text[-overlap:]
    return counts


def found(disk: Path, needles: dict[str, bytes]) -> list[str]:
    """The names of the needles that stand anywhere in the file."""
    return [name for name, times in count(disk, needles).items() if times]
