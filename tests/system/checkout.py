"""The files of this checkout on another disk, as clinic IT would bring them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parents[2]


def put_checkout(target: Path) -> None:
    """What is in git or would be, as it is now, readable by every account."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HERE, capture_output=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.decode().split("\0")):
        if (HERE / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / name, target / name, follow_symlinks=False)
    subprocess.run(["chmod", "--recursive", "u=rwX,go=rX", str(target)], check=True)
