"""Tokens and style sheets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = Path(__file__).parents[3] / "webapp/ui/static/ui"
TOKENS = (SHEETS / "tokens.css").read_text(encoding="utf-8")


def _block(selector: str) -> dict[str, str]:
    start = TOKENS.index(selector)
    body = TOKENS[TOKENS.index("{", start) + 1 : TOKENS.index("}", start)]
    return dict(re.findall(r"--wh-([a-z-]+):\s*([^;]+);", body))


LIGHT = _block('[data-bs-theme="light"]')
DARK = _block('\n[data-bs-theme="dark"]')

# (letters, ground, least contrast): 4.5 for text, 3 for what is not text (WCAG 2.2, 1.4.3 and 1.4.11).
PAIRS = [
    *(("ink", ground, 4.5) for ground in ("page", "surface", "sunken", "well-soft", "lamp-soft", "stage")),
    *(("muted", ground, 4.5) for ground in ("page", "surface", "sunken", "well-soft", "lamp-soft", "stage")),
    *((tint, f"{tint}-soft", 4.5) for tint in ("well", "clay", "heather", "slate", "moss")),
    *((tint, "surface", 4.5) for tint in ("well", "clay", "heather", "slate", "moss")),
    ("muted", "neutral-soft", 4.5),
    ("well", "page", 4.5),
    ("on-well", "well", 4.5),
    ("on-well", "well-hover", 4.5),
    ("on-lamp", "lamp", 4.5),
    ("on-lamp", "lamp-hover", 4.5),
    ("lamp-ink", "lamp-soft", 4.5),
    ("on-bar", "bar-green", 4.5),
    ("on-bar", "bar-admin", 4.5),
    ("bar-muted", "bar-green", 4.5),
    ("bar-muted", "bar-admin", 4.5),
    ("on-leave", "leave", 4.5),
    ("control", "surface", 3),
    ("control", "page", 3),
    ("lamp-line", "surface", 3),
    ("lamp-line", "lamp-soft", 3),
]


def _light(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_light(one), _light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_both_dark_blocks_say_the_same() -> None:
    by_device = _block(":root:not([data-bs-theme])")
    assert by_device == DARK
    assert set(DARK) == set(LIGHT)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme: dict[str, str]) -> None:
    weak = {
        (a, b): round(_contrast(theme[a], theme[b]), 2)
        for a, b, least in PAIRS
        if _contrast(theme[a], theme[b]) < least
    }
    assert weak == {}


def test_contrast_is_measured_as_the_standard_does() -> None:
    assert round(_contrast("#FFFFFF", "#000000"), 1) == 21
    assert round(_contrast("#767676", "#FFFFFF"), 2) == 4.54  # the well-known lightest grey that passes


def test_components_take_their_colours_from_the_tokens() -> None:
    allowed = {"tokens.css", "split.css"}  # the sign-in picture keeps its own colours
    own = {
        sheet.name: found
        for sheet in SHEETS.glob("*.css")
        if sheet.name not in allowed and (found := re.findall(r"#[0-9a-fA-F]{6}\b", sheet.read_text(encoding="utf-8")))
    }
    assert own == {}


def test_every_token_that_is_used_is_declared() -> None:
    declared = set(re.findall(r"(--wh-[a-z0-9-]+)\s*:", TOKENS))
    root = Path(__file__).parents[3] / "webapp"
    unknown = {
        str(sheet.relative_to(root)): missing
        for sheet in root.glob("**/static/**/*.css")
        if (missing := set(re.findall(r"var\((--wh-[a-z0-9-]+)", sheet.read_text(encoding="utf-8"))) - declared)
    }
    assert unknown == {}
