"""What a rehearsal saw, said as it goes and summed up at its end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field


@dataclass
class Report:
    system: str
    database: str
    began: float = field(default_factory=time.monotonic)
    figures: dict[str, float] = field(default_factory=dict)
    skips: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """One line, at once."""
        _out(f"{self.system} ({self.database}), {time.monotonic() - self.began:4.0f} s: {sentence}")

    def note(self, **figures: float) -> None:
        """Keep figures for the table."""
        self.figures |= figures

    def failed(self, sentence: str) -> None:
        """Something is not as it must be; the rehearsal goes on."""
        self.failures.append(sentence)
        self.say(f"FAILED: {sentence}")

    def require(self, good: bool, sentence: str) -> None:
        """Note *sentence* as a failure unless *good*."""
        if not good:
            self.failed(sentence)

    def skipped(self, fact: str, reason: str) -> None:
        """Something could not be seen here."""
        self.skips[fact] = reason

    def print_table(self) -> None:
        """Figures, what was skipped, what failed."""
        _out(f"\n{self.system}, {self.database}: {'FAILED' if self.failures else 'passed'}")
        for name, figure in self.figures.items():
            _out(f"  {name.replace('_', ' '):32} {figure:.4g}")
        for fact, reason in self.skips.items():
            _out(f"  SKIP  {fact}: {reason}")
        for failure in self.failures:
            _out(f"  FAILED  {failure.splitlines()[0]}")


def _out(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
