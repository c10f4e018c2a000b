"""The letters of the pages, made from the system's font."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

from webapp.ui.fonts import WEIGHTS, make_fonts


def _font(path: Path, *, variable: bool) -> None:
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef"])
    builder.setupCharacterMap({})
    pen = T2CharStringPen(500, None)
    builder.setupCFF("Test", {}, {".notdef": pen.getCharString()}, {})
    builder.setupHorizontalMetrics({".notdef": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Test", "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    if variable:
        builder.setupFvar([("wght", 100, 400, 800, "Weight")], [])
    builder.save(path)


@pytest.mark.parametrize("variable", [False, True])
def test_each_weight_becomes_a_web_font(tmp_path: Path, variable: bool) -> None:
    source = tmp_path / "system"
    source.mkdir()
    for name in ["Cantarell-VF.otf"] if variable else WEIGHTS.values():
        _font(source / name, variable=variable)
    made = make_fonts((source,), tmp_path / "web")
    assert [path.name for path in made] == [f"cantarell-{weight}.woff2" for weight in WEIGHTS]
    for path in made:
        font = TTFont(path)
        assert font.flavor == "woff2"
        assert "fvar" not in font


def test_without_the_font_nothing_is_made(tmp_path: Path) -> None:
    assert make_fonts((tmp_path / "absent",), tmp_path / "web") == []
    assert not (tmp_path / "web").exists()
