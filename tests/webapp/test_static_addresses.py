"""Scripts and styles are kept by browsers for good, under addresses that change with their content."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from flask import Flask

from tests.webapp import people
from webapp import static_addresses


def test_every_file_of_a_page_may_be_kept_for_a_year(app: Flask) -> None:
    browser = people.browser(app)
    found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.get("/sign-in").get_data(as_text=True)))
    assert any(address.endswith("behaviours.js") for address in found)
    for address in found:
        assert address.startswith(f"{static_addresses.static_root()}/"), address
        with browser.get(address) as answer:
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000"


def test_pages_themselves_are_never_kept(app: Flask) -> None:
    assert people.browser(app).get("/sign-in").headers["Cache-Control"] == "no-store"


def test_address_changes_when_a_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(Path(static_addresses.__file__).parent / "ui/static", tmp_path / "ui/static")
    monkeypatch.setattr(static_addresses, "_HERE", tmp_path)
    name = static_addresses.static_root.__wrapped__
    before = name()
    assert name() == before
    (tmp_path / "ui/static/ui/bind.js").write_text("export {};\n")
    assert name() != before
