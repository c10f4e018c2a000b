"""What no template may hold, read from every template in the portal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webapp.ui.icons import icon

ROOT = Path(__file__).parents[3] / "webapp"
TEMPLATES = sorted(ROOT.glob("**/templates/**/*.html"))
ICON = re.compile(r"""icon\(\s*["']([a-z0-9-]+)["']""")
BEHAVIOUR = re.compile(r"""data-behaviour="([^"{]+)\"""")

EXPRESSION = re.compile(r"\{%.*?%\}|\{#.*?#\}|\{\{(?!.*?\|\s*safe).*?\}\}", re.S)

FORBIDDEN = {
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a javascript: address": re.compile(r"javascript:", re.I),
    "a script without its nonce": re.compile(r"<script\b(?![^>]*nonce=\"\{\{ csp_nonce\(\) \}\}\")", re.I),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I),
    "another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.I),
    "text that is not escaped": re.compile(r"\|\s*safe\b", re.I),
}


def faults(text: str) -> list[str]:
    """What *text* holds that a template must not."""
    bare = EXPRESSION.sub("", text)  # a ">" in an expression would end the tag for the patterns
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(text if "nonce" in name else bare)]


def missing_behaviours(text: str) -> list[str]:
    """Names in data-behaviour that no module answers to."""
    missing = []
    for name in (one for found in BEHAVIOUR.findall(text) for one in found.split()):
        feature, _, module = name.rpartition("/")
        found = list(ROOT.glob(f"**/static/{feature}/{module}.js")) if feature else []
        if not found and not (ROOT / f"ui/static/ui/behaviours/{module}.js").is_file():
            missing.append(name)
    return missing


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_holds_no_inline_script_style_or_foreign_address(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_names_only_behaviours_and_icons_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert missing_behaviours(text) == []
    for name in ICON.findall(text):
        assert "<path" in icon(name)


def test_the_reader_of_templates_sees_each_fault() -> None:
    bad = {
        "an inline handler": '<button value="{{ 1 > 0 }}" onclick="go()">',
        "an inline style": '<p class="a" style="color: red">',
        "a style element": "<style>p {}</style>",
        "a javascript: address": '<a href="javascript:go()">',
        "a script without its nonce": '<script type="module" src="/x.js"></script>',
        "an inline script": '<script nonce="{{ csp_nonce() }}">go()</script>',
        "another host": '<img src="https://example.org/pixel.png">',
        "text that is not escaped": "{{ note|safe }}",
    }
    assert set(bad) == set(FORBIDDEN)
    for name, text in bad.items():
        assert name in faults(text)
    assert missing_behaviours('<p data-behaviour="busy no-such-thing">') == ["no-such-thing"]
    with pytest.raises(LookupError):
        icon("no-such-drawing")


def test_there_are_templates_to_read() -> None:
    assert ROOT / "ui/templates/ui/skeleton.html" in TEMPLATES
