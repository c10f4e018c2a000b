"""The one page that the real nginx shows while the box is locked."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.configure.programs import find_nginx
from appliance.configure.render import Places
from tests.appliance.folder import configured, eventually
from tests.appliance.test_nginx import NAMES_OF_W3, Running


@pytest.fixture
def closed(box_root: Path) -> Iterator[Running]:
    settings = configured(box_root)
    places = Places.of(settings)
    places.closed_run.mkdir()  # as the unit has it made
    with (box_root / "said").open("w+") as said:
        nginx = subprocess.Popen(
            [find_nginx().program, "-e", "stderr", "-p", str(places.closed_run), "-c", str(places.closed_conf)],
            stderr=said,
        )
        running = Running(settings, box_root / "said")
        eventually(lambda: _listens(running) or nginx.poll() is not None)
        assert nginx.poll() is None, (box_root / "said").read_text()
        yield running
        nginx.terminate()
        nginx.wait()


def _listens(running: Running) -> bool:
    try:
        running.connect().close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("path", ["/", "/clients/1?q=x", "/static/ui/tokens.css", "/rtc/v1", "/live"])
def test_every_address_says_that_the_box_waits_for_somebody(closed: Running, path: str) -> None:
    answer = closed.ask("GET", path, {"Host": "anything.example"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert b"We are not open yet" in answer.body
    assert b"sudo wellhouse status" in answer.body


def test_a_form_is_not_taken(closed: Running) -> None:
    for body in (b"note=hello", b"x" * 100_000):
        assert closed.ask("POST", "/sign-in", body=body).status == 503


def test_the_page_has_its_style_and_the_headers_of_the_site(closed: Running) -> None:
    answer = closed.ask("GET", "/")
    needed = NAMES_OF_W3 - {"permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"}
    assert needed <= set(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert b"color-scheme" in closed.ask("GET", "/wellhouse-pages/page.css").body


def test_nobody_who_saw_it_is_written_down(closed: Running) -> None:
    closed.ask("GET", "/clients/0199-a-secret")
    assert closed.log.read_text() == ""
