"""docs/CONTROLS.md names the tests that show what it says: each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.rules.source import ROOT

CONTROLS = {
    *("S1", "S2", "S3", "S4", "C1", "A1", "A2", "A3", "A4", "A5"),
    *("M1", "M2", "M3", "M4", "W1", "W2", "W3", "N2", "N3", "L1"),
}


def shown(document: str) -> dict[str, list[str]]:
    """The tests of each part, by the first word of its heading."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"(?m)^## ", document)[1:]:
        found[part.split()[0]] = re.findall(r"(?m)^- `(tests/\S+)`$", part)
    return found


@cache
def named_in(file: str) -> frozenset[str]:
    """The names of the tests in *file*; none if there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def absent(tests: list[str]) -> list[str]:
    """Those that do not exist."""
    return [test for test in tests if test.partition("::")[2] not in named_in(test.partition("::")[0])]


def document() -> str:
    return (ROOT / "docs/CONTROLS.md").read_text(encoding="utf-8")


def test_every_control_names_tests_and_every_test_is_there() -> None:
    found = shown(document())
    assert set(found) >= CONTROLS
    assert [control for control, tests in found.items() if not tests] == []
    assert absent([test for tests in found.values() for test in tests]) == []


def test_planted_test_that_is_not_there_is_noticed() -> None:
    here = "tests/rules/test_controls.py"
    planted = f"## S1 · Planted\n\n- `{here}::test_nothing`\n- `tests/none.py::test_x`\n- `{here}::shown`\n"
    assert absent(shown(planted)["S1"]) == [f"{here}::test_nothing", "tests/none.py::test_x"]


def test_every_measurement_that_is_named_can_be_made() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make (bench-[a-z]+)`", document()))
    assert named
    assert [name for name in named if f"\n{name}:" not in makefile] == []
