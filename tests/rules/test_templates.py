"""What no template and no script of ours may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.rules.source import texts

# Where markup may be made outside a template, and why it is no person's text.
MARKUP_MAKERS = {"webapp/ui/icons.py": "drawings of the installed package"}

FORBIDDEN_IN_TEMPLATES = {
    "unescaped": re.compile(r"\|\s*safe\b|autoescape\s+false", re.I),
    "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "inline style": re.compile(r"<style\b|<[^>]*\sstyle\s*=", re.I),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.I),
    "script without nonce": re.compile(r"<script\b(?![^>]*\bnonce=)", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "another site": re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", re.I),
    "permission in a template": re.compile(r"\b(?:user|current_user|actor)\.(?:role|roles)\b"),
}
FORBIDDEN_IN_SCRIPTS = {
    "markup from text": re.compile(
        r"\.(?:innerHTML|outerHTML)\s*\+?=(?!=)|insertAdjacentHTML|document\.write|createContextualFragment"
    ),
    "code from text": re.compile(r"\beval\s*\(|new Function\s*\(|set(?:Timeout|Interval)\s*\(\s*[\"'`]"),
    "another site": re.compile(r"""(?:import|fetch|from)\s*\(?\s*["'`](?:https?:)?//"""),
}
FORBIDDEN_IN_PYTHON = {
    "template from text": re.compile(r"render_template_string|from_string\("),
    "unescaped": re.compile(r"\bMarkup\("),
}
COMMENT = re.compile(r"\{#.*?#\}", re.S)
FORM = re.compile(r"<form\b(?P<head>[^>]*)>(?P<body>.*?)</form>", re.S | re.I)


def offences(sources: Iterable[tuple[str, str]], forbidden: dict[str, re.Pattern[str]]) -> list[str]:
    return [
        f"{path}: {name}: {found[0]}"
        for path, text in sources
        for name, pattern in forbidden.items()
        for found in pattern.finditer(COMMENT.sub("", text))
    ]


def forms_without_token(sources: Iterable[tuple[str, str]]) -> list[str]:
    return [
        f"{path}: {form[0][:80]}"
        for path, text in sources
        for form in FORM.finditer(COMMENT.sub("", text))
        if re.search(r"""method\s*=\s*["']?post""", form["head"], re.I)
        and not re.search(r"csrf_token\(\)|hidden_tag\(\)", form["body"])
    ]


@pytest.mark.parametrize(
    "planted",
    [
        "{{ name | safe }}",
        "{% autoescape false %}",
        '<a href="/" onclick="go()">',
        '<p style="color: red">',
        "<style>p {}</style>",
        '<script nonce="x">go()</script>',
        '<script src="/x.js"></script>',
        '<a href="javascript:go()">',
        '<img src="//e.example/pixel.gif">',
        '<script nonce="x" src="https://e.example/x.js"></script>',
        "{% if actor.role == 'admin' %}",
    ],
)
def test_planted_template_is_found(planted: str) -> None:
    assert offences([("planted.html", planted)], FORBIDDEN_IN_TEMPLATES) != []


def test_templates_hold_no_inline_code_style_or_unescaped_text() -> None:
    assert offences(texts(".html"), FORBIDDEN_IN_TEMPLATES) == []


@pytest.mark.parametrize(
    "planted",
    ["a.innerHTML = name", "a.outerHTML += x", 'eval("1")', 'setTimeout("go()", 1)', 'import "https://e.example/x.js"'],
)
def test_planted_script_is_found(planted: str) -> None:
    assert offences([("planted.js", planted)], FORBIDDEN_IN_SCRIPTS) != []


def test_scripts_make_no_markup_or_code_from_text() -> None:
    assert offences(texts(".js"), FORBIDDEN_IN_SCRIPTS) == []


@pytest.mark.parametrize("planted", ["return render_template_string(name)", "return Markup(name)"])
def test_planted_module_is_found(planted: str) -> None:
    assert offences([("planted.py", planted)], FORBIDDEN_IN_PYTHON) != []


def test_modules_make_no_markup_from_text() -> None:
    sources = [(path, text) for path, text in texts(".py") if path not in MARKUP_MAKERS]
    assert offences(sources, FORBIDDEN_IN_PYTHON) == []


def test_planted_form_without_a_token_is_found() -> None:
    form = '<form class="x" method="post" action="/"><button>Go</button></form>'
    assert forms_without_token([("planted.html", form)]) != []
    assert forms_without_token([("planted.html", form.replace("<button>", "{{ form.hidden_tag() }}<button>"))]) == []


def test_every_form_that_posts_carries_the_token() -> None:
    assert forms_without_token(texts(".html")) == []
