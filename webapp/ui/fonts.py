"""Makes the page fonts from the system's Cantarell: ``python -m webapp.ui.fonts``.

Debian 12 ships one file for each weight, newer releases one variable file; both end as three WOFF2 files. Without
them pages use the reader's own letters.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

SOURCES = (Path("/usr/share/fonts/opentype/cantarell"), Path("/usr/share/fonts/truetype/cantarell"))
TARGET = Path(__file__).parent / "static/ui/fonts"
WEIGHTS = {400: "Cantarell-Regular.otf", 700: "Cantarell-Bold.otf", 800: "Cantarell-ExtraBold.otf"}
VARIABLE = ("Cantarell-VF.otf", "Cantarell-VF.ttf", "Cantarell[wght].ttf")


def make_fonts(folders: tuple[Path, ...] = SOURCES, target: Path = TARGET) -> list[Path]:
    """Write ``cantarell-<weight>.woff2`` into *target*; the files made, none if the system has no Cantarell."""
    made: list[Path] = []
    for weight, static_name in WEIGHTS.items():
        font = _load(folders, static_name, weight)
        if font is None:
            continue
        target.mkdir(parents=True, exist_ok=True)
        font.flavor = "woff2"
        path = target / f"cantarell-{weight}.woff2"
        font.save(path)
        made.append(path)
    return made


def _load(folders: tuple[Path, ...], static_name: str, weight: int) -> TTFont | None:
    for folder in folders:
        if (folder / static_name).is_file():
            return TTFont(folder / static_name)
        for name in VARIABLE:
            if (folder / name).is_file():
                return instantiateVariableFont(TTFont(folder / name), {"wght": weight})
    return None


def main() -> int:
    """Make the fonts and say what was made. Absent fonts are no failure: pages fall back."""
    made = make_fonts()
    if made:
        sys.stdout.write("".join(f"{path.name}: {path.stat().st_size // 1024} KB\n" for path in made))
    else:
        sys.stdout.write("Cantarell is not installed (Debian: fonts-cantarell); pages use the reader's own letters.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
