"""The package that a machine installs, against the checkout it was built from."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
ONLY_FOR_DEVELOPERS = {".gitkeep", "babel.cfg"}
PACKAGES = ("appliance", "core", "rtc", "webapp")


def _tracked(*folders: str) -> list[Path]:
    told = subprocess.run(["git", "ls-files", "-z", "--", *folders], cwd=CHECKOUT, capture_output=True, check=True)
    return [Path(name) for name in told.stdout.decode().split("\0") if name and (CHECKOUT / name).exists()]


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in the wheel, built from a copy: building writes into its source."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for file in _tracked(*PACKAGES, "nginx", "coturn", "pyproject.toml", "README.md", "LICENSE"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / file, source / file, follow_symlinks=False)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(out), str(source)], check=True)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_the_packages_is_in_the_wheel(packaged: set[str]) -> None:
    tracked = [file for file in _tracked(*PACKAGES) if (CHECKOUT / file).is_file()]
    expected = {str(file) for file in tracked if file.name not in ONLY_FOR_DEVELOPERS}
    assert expected, "git lists no file, so nothing was checked"
    assert expected - packaged == set()


def test_templates_of_nginx_and_coturn_are_in_the_wheel(packaged: set[str]) -> None:
    carried = {name for name in packaged if name.startswith("appliance/configure/templates/")}
    for folder in ("nginx", "coturn"):
        wanted = {file.name for file in _tracked(folder) if file.suffix in {".j2", ".html", ".css"}}
        assert wanted, f"{folder}/ holds no template"
        assert wanted <= {Path(name).name for name in carried}
