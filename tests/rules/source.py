"""The files that the walkers look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEBAPP = ROOT / "webapp"


def modules(folder: Path = WEBAPP) -> Iterator[tuple[str, ast.Module]]:
    """Every module below *folder*, by its path in the project."""
    for file in sorted(folder.rglob("*.py")):
        yield str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))


def texts(ending: str, folder: Path = WEBAPP) -> Iterator[tuple[str, str]]:
    """Every file with that ending, by its path in the project."""
    for file in sorted(folder.rglob(f"*{ending}")):
        yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def imported(tree: ast.AST) -> set[str]:
    """The full names that a module imports, functions and types among them; for the type checker's eyes only or not."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names
