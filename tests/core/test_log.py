from __future__ import annotations

import json
import logging

from core.log import JsonLines


def record(message: str, **ids: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelno": logging.INFO, "levelname": "INFO", "name": "rtc.rooms"})
    made.__dict__.update(ids)
    return made


def test_event_is_one_object_with_its_ids() -> None:
    row = json.loads(JsonLines().format(record("member.joined", room="r", participant="p")))
    assert {k: row[k] for k in ("level", "event", "from", "room", "participant")} == {
        "level": "info",
        "event": "member.joined",
        "from": "rtc.rooms",
        "room": "r",
        "participant": "p",
    }
    assert row["at"].endswith("+00:00")


def test_field_cannot_forge_a_second_line() -> None:
    line = JsonLines().format(record("x", room='r"}\n{"event":"forged"}\r\u2028'))
    assert "\n" not in line
    assert line.isascii()
    assert json.loads(line)["room"].startswith('r"}\n')


def test_fault_is_written_with_its_stack_and_causes_without_what_they_say() -> None:
    def read(text: str) -> int:
        try:
            return int(text)
        except ValueError as e:
            raise LookupError(text) from e

    try:
        read("a canary")
    except LookupError as e:
        made = record("x")
        made.exc_info = (type(e), e, e.__traceback__)
    error = json.loads(JsonLines().format(made))["error"]
    assert "canary" not in error.replace('read("a canary")', "")
    assert error.index("ValueError") < error.index("followed by") < error.index("LookupError")
    assert "test_log.py" in error
    assert "in read" in error
