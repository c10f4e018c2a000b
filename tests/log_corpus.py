"""Everything that was logged while the tests ran, looked at for what no log may hold."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from core.log import JsonLines
from tests.webapp.account.door import PASSWORD
from tests.webapp.clients.records import SEALED_WORDS

# Addresses, names and words that tests plant, and shapes that only secrets have.
PLANTED = ("@example.org", "555-01", PASSWORD, "kettle", *SEALED_WORDS)
STAND_INS = ("mail.log",)  # the relay to which the tests' mails go is no part of the box
SHAPES = {
    "a token": re.compile(r"(?<![\w-])[\w-]{43,}(?![\w-])"),
    "a code": re.compile(r"(?<![\w.-])\d{6}(?![\w.-])"),
    "a query": re.compile(r"\?\w+="),
    "a session description": re.compile(r"candidate:|ice-ufrag|a=fingerprint|v=0\\r"),
    "a cookie": re.compile(r"__Host-\w+="),
}


class LogCorpus(logging.Handler):
    """Reads each line as production writes it, and keeps those that hold too much."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.read = 0
        self.faults: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(STAND_INS):
            return
        line = self.format(record)
        self.read += 1
        given = {name: value for name, value in json.loads(line).items() if name not in ("at", "error")}
        said = json.dumps(given, ensure_ascii=False)
        # Where an error was raised is code; what it said is not there (core.log).
        self.faults += [f"{word!r} in {line}" for word in PLANTED if word in line]
        self.faults += [f"{name} in {line}" for name, shape in SHAPES.items() if shape.search(said)]


@contextmanager
def listening() -> Iterator[LogCorpus]:
    """Every logger of this process, from INFO on as in production."""
    root, corpus = logging.getLogger(), LogCorpus()
    level = root.level
    root.addHandler(corpus)
    root.setLevel(logging.INFO)
    try:
        yield corpus
    finally:
        root.removeHandler(corpus)
        root.setLevel(level)
