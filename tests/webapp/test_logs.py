"""The corpus of logs is looked at by webapp/conftest.py; here it shows that it would find something."""

from __future__ import annotations

import logging

import pytest

from tests.log_corpus import LogCorpus
from webapp.access import guard


@pytest.mark.parametrize(
    ("event", "extra"),
    [
        ("mail.sent", {"to": "maren@example.org"}),
        ("sign-in by 802-555-0147", {}),
        ("account.confirmed", {"code": "492039"}),
        ("access.denied", {"path": "/choose-password?link=abc"}),
        ("session.started", {"token": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6"}),
        ("visit.sdp", {"line": "candidate:1 1 udp 2122260223 192.0.2.7 49203 typ host"}),
        ("record.opened", {"address": "7 Heron Way"}),
    ],
)
def test_planted_line_is_found(event: str, extra: dict[str, str]) -> None:
    corpus = LogCorpus()
    made = logging.makeLogRecord({"msg": event, "levelno": logging.INFO, "levelname": "INFO", "name": "planted"})
    made.__dict__.update(extra)
    corpus.handle(made)
    assert corpus.faults


def test_ordinary_line_is_not(log_corpus: LogCorpus) -> None:
    before = log_corpus.read
    guard.log.info("access.denied", endpoint="clients.info", account="0190f6a0-0000-4000-8000-000000000000")
    assert log_corpus.read == before + 1
    assert log_corpus.faults == []
