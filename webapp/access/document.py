"""docs/ACCESS.md: the table in words, with the addresses that each of its rows governs."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask

from webapp.access.route import Feature, declared_for
from webapp.access.rules import Public
from webapp.access.table import NOT_BUILT, TABLE, WORDS, Principal, Row

_HEAD = """# Who may do what

This page is made by `wellhouse access` from the table in `webapp/access/table.py`, which the portal itself asks: each
policy finds out who somebody is to a thing, and the table says what that one may. A route that names no row cannot be
declared. What is absent and what is not yours get the same answer, to the last byte.

Rights follow the active role: a person with two roles never has the sum of both. Nobody deletes clinical data.

## Who
"""


def document(features: Iterable[Feature]) -> str:
    """The page, in Markdown."""
    governed = _addresses(features)
    parts = [_HEAD, "\n"]
    parts += [f"- **{principal.value}**: {WORDS[principal]}\n" for principal in Principal]
    parts.append("\n## The table\n\nFamily need the right that stands in their column.\n\n")
    parts.append(
        f"| | {' | '.join(principal.value for principal in Principal)} | |\n|---|{'---|' * len(Principal)}---|\n"
    )
    for row in TABLE:
        cells = " | ".join(_cell(row, principal) for principal in Principal)
        parts.append(f"| {row.resource.value}: **{row.act.value}** | {cells} | {row.note} |\n")
    parts.append("\n## Addresses\n")
    for row in TABLE:
        shown = governed.get(row, [])
        if shown:
            parts.append(f"\n{row.resource.value}: **{row.act.value}**\n\n")
            parts += [f"- {line}\n" for line in sorted(shown)]
    parts.append("\n## Not built yet\n\nThese give nobody anything until they are there.\n\n")
    parts += [f"- **{name}**: {words}\n" for name, words in NOT_BUILT.items()]
    return "".join(parts)


def _cell(row: Row, principal: Principal) -> str:
    if principal not in row.allowed:
        return "–"
    if principal is Principal.FAMILY and row.right is not None:
        return f"{row.right.value}"
    return "yes"


def _addresses(features: Iterable[Feature]) -> dict[Row, list[str]]:
    """The addresses of each row. A bare application maps them: nothing is asked or opened for it."""
    app = Flask("access", static_folder=None)
    for feature in features:
        app.register_blueprint(feature)
    cells = {(row.resource, row.act): row for row in TABLE}
    found: dict[Row, list[str]] = {}
    for rule in app.url_map.iter_rules():
        declared = declared_for(app, rule.endpoint)
        if declared is None or rule.endpoint.endswith(".static"):
            continue
        [method] = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        why = f": {declared.allow.reason}" if isinstance(declared.allow, Public) else ""
        row = cells[declared.allow.resource, declared.allow.act]
        found.setdefault(row, []).append(f"`{rule.rule}` {method}{why}")
    return found
