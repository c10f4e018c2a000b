"""Where scripts, styles and pictures lie: under a name made of their content, so that browsers keep them for good.

A page of the visit has fifty of them. Asked for anew each time, they cost more than the call's own beginning.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

KEEP_S = 365 * 24 * 3600  # the address changes when the content does

_HERE = Path(__file__).parent


@cache
def static_root() -> str:
    """``/static/<release>``: before the feature's name in every such address. Relative imports stay within it."""
    digest = hashlib.sha256(version("bootstrap-flask").encode())
    for file in sorted(_HERE.glob("**/static/**/*")):
        if file.is_file():
            digest.update(f"{file.relative_to(_HERE)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"
