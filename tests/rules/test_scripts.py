"""The browser modules keep the types that their JSDoc promises (TypeScript is a checker here, never a compiler)."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _check(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["tsc", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_browser_modules_are_well_typed() -> None:
    answer = _check("-p", ".", folder=ROOT)
    assert answer.returncode == 0, answer.stdout


def test_the_check_sees_a_wrong_type(tmp_path: Path) -> None:
    (tmp_path / "bad.js").write_text("/** @param {number} n */\nexport const f = (n) => n;\nf('one');\n")
    (tmp_path / "tsconfig.json").write_text(
        (ROOT / "tsconfig.json").read_text().replace("webapp/**/static/**/*.js", "*.js")
    )
    answer = _check("-p", ".", folder=tmp_path)
    assert answer.returncode != 0
    assert "bad.js" in answer.stdout
