"""Bootstrap Icons, written into the page one by one: the package's whole sprite weighs a megabyte."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import flask_bootstrap
from markupsafe import Markup

_SPRITE = Path(flask_bootstrap.__file__).parent / "static/bootstrap5/icons/bootstrap-icons.svg"
_POOR_FILLS = frozenset({"calendar3"})  # its filled drawing is an empty box
_SYMBOL = re.compile(
    r'<symbol class="[^"]*" viewBox="(?P<box>[^"]*)" id="(?P<name>[^"]*)">(?P<drawing>.*?)</symbol>', re.S
)


@cache
def _symbols() -> dict[str, tuple[str, str]]:
    text = _SPRITE.read_text(encoding="utf-8")
    return {found["name"]: (found["box"], found["drawing"]) for found in _SYMBOL.finditer(text)}


def icon(name: str, *, fill: bool = False, classes: str = "") -> Markup:
    """The drawing of *name*, hidden from screen readers as the word beside it speaks.

    *fill* takes ``name-fill`` where the package draws one that can be known again.

    Raises LookupError for a name that the package does not draw.
    """
    symbols = _symbols()
    chosen = f"{name}-fill" if fill and f"{name}-fill" in symbols and name not in _POOR_FILLS else name
    if chosen not in symbols:
        raise LookupError(f"Bootstrap Icons draws no “{name}”. Look the name up at icons.getbootstrap.com.")
    box, drawing = symbols[chosen]
    # The drawing comes from the installed package, not from a person, so it may be markup as it stands.
    return Markup('<svg class="wh-icon {}" viewBox="{}" aria-hidden="true" focusable="false">{}</svg>').format(
        classes,
        box,
        Markup(drawing),  # noqa: S704 - the package's own drawing
    )
