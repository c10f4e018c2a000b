"""The audit record as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from webapp.audit.page.queries import Line
from webapp.audit.page.words import happened, role_words

HEAD = (
    "number", "time (UTC)", "what", "event", "outcome", "person", "role", "person id", "address", "client",
    "client id", "about",
)  # fmt: skip


def as_csv(lines: Iterable[Line]) -> Iterator[str]:
    """The lines of the file, one at a time (RFC 4180), with a mark that tells spreadsheets it is UTF-8."""
    yield "\ufeff" + _line(HEAD)
    for line in lines:
        yield _line(
            (
                str(line.sequence),
                line.at.isoformat(timespec="milliseconds"),
                happened(line.action, line.outcome),
                line.action.value,
                line.outcome.value,
                line.name,
                role_words(line.role),
                str(line.account or ""),
                line.address,
                line.client_name,
                str(line.client or ""),
                json.dumps(line.about, sort_keys=True),
            )
        )


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: str) -> str:
    # A name that begins like a formula would be run by the spreadsheet that opens the file.
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
