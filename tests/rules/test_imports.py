"""Imports run one way: between packages, between features, and within one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.rules.source import ROOT, imported, modules

PLANTED = """
[[tool.importlinter.contracts]]
name = "planted"
type = "forbidden"
source_modules = ["webapp.account"]
forbidden_modules = ["webapp.access"]
"""


def test_contracts_hold_and_a_planted_one_is_noticed_as_broken(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts.toml"
    contracts.write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8") + PLANTED)
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache", "--config", contracts], cwd=ROOT, capture_output=True, text=True, check=False
    )
    judged = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.M))
    assert len(judged) >= 5, done.stdout
    assert judged.pop("planted") == "BROKEN"
    assert set(judged.values()) == {"KEPT"}, done.stdout


def models_in_routes(sources: Iterable[tuple[str, ast.Module]]) -> list[str]:
    """Routes that know a table, where only actions, queries and policies may."""
    return [
        f"{path} imports {name}"
        for path, tree in sources
        if path.endswith("routes.py")
        for name in sorted(imported(tree))
        if name.endswith(".models") or ".models." in name or name.split(".")[0] in ("peewee", "playhouse")
    ]


def test_routes_import_no_models() -> None:
    planted = ast.parse("from webapp.clients.models import Client")
    assert models_in_routes([("webapp/planted/routes.py", planted)]) != []
    assert models_in_routes(modules()) == []


def foreign_routes(sources: Iterable[tuple[str, ast.Module]]) -> list[str]:
    """Modules that import the routes or forms of another feature; only app.py, which wires, may."""
    found = []
    for path, tree in sources:
        own = path.rsplit("/", 1)[0].replace("/", ".")
        if path == "webapp/app.py":
            continue
        for name in sorted(imported(tree)):
            parts = name.split(".")
            for word in ("routes", "forms"):
                if parts[0] == "webapp" and word in parts and ".".join(parts[: parts.index(word)]) != own:
                    found.append(f"{path} imports {name}")
    return found


def test_no_feature_imports_anothers_routes_or_forms() -> None:
    planted = ast.parse("from webapp.clients.forms import ClientForm")
    assert foreign_routes([("webapp/planted/routes.py", planted)]) != []
    assert foreign_routes(modules()) == []


FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}


def vague_names(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if FORBIDDEN_NAMES & set(Path(path).with_suffix("").parts)]


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert vague_names(["webapp/planted/utils.py"]) != []
    paths = [path for folder in ("core", "webapp", "rtc", "appliance", "tests") for path, _ in modules(ROOT / folder)]
    assert vague_names(paths) == []


LINES_MAX = 400


def long_modules(lengths: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{path} has {lines} lines" for path, lines in lengths if lines > LINES_MAX]


def test_no_module_is_longer_than_one_subject_needs() -> None:
    assert long_modules([("webapp/planted.py", 401)]) != []
    lengths = [
        (str(file.relative_to(ROOT)), len(file.read_text(encoding="utf-8").splitlines()))
        for folder in ("core", "webapp", "rtc", "appliance")
        for file in (ROOT / folder).rglob("*.py")
    ]
    assert long_modules(lengths) == []
