"""One line of JSON per event on standard error. Logs carry ids, never names."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

# What LogRecord holds by itself; everything else was given by the caller as ``extra``.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; control characters are escaped, so a field cannot forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "from": record.name,
        }
        row.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            row["error"] = _places(record.exc_info[1])
        return json.dumps(row, default=str)


def _places(error: BaseException | None) -> str:
    """Where *error* and what caused it were raised, by type and line of code.

    What an error says is left out: PostgreSQL's name the values of a row, Python's the text that could not be read.
    """
    told: list[str] = []
    while error is not None:
        told.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nfollowed by\n".join(reversed(told))


def start_logging(level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)


class EventLog:
    """``log.info("note.signed", note=note.id)``: an event's name and the ids it is about."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **ids: object) -> None:
        self._logger.info(event, extra=ids)

    def warning(self, event: str, **ids: object) -> None:
        self._logger.warning(event, extra=ids)

    def error(self, event: str, **ids: object) -> None:
        self._logger.error(event, extra=ids)

    def exception(self, event: str, **ids: object) -> None:
        self._logger.exception(event, extra=ids)
