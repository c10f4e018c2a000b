"""The pictures of the README, from a running demo: ``python -m tests.browser.look.pictures var/demo docs/pictures``.

Two drawn people take the place of cameras, each in a browser of their own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

from tests.browser.look.shots import FLAGS, open_page, sign_in
from tests.browser.program import chromium_program

PORTRAITS = Path(__file__).parent / "portraits"


@dataclass(frozen=True)
class Account:
    email: str
    password: str


def main() -> int:
    """Play a visit of the demo's provider and client, and keep what they see on the way."""
    demo_folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    demo = json.loads((demo_folder / "demo.json").read_text())
    url, visit = str(demo["url"]), str(demo["appointment_url"])
    accounts = {
        role: next(Account(one["email"], one["password"]) for one in demo["accounts"] if role in one["role"])
        for role in ("provider", "client")
    }
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browsers = {role: _with_camera(playwright.chromium, role, Path(folder)) for role in accounts}
        provider = _signed_in(browsers["provider"], url, accounts["provider"], 1280)
        client = _signed_in(browsers["client"], url, accounts["client"], 390)
        _keep(client, target / "client-home.png")
        client.goto(visit)
        client.get_by_role("button", name="Join").first.click()
        enter = client.get_by_role("button", name="Enter waiting room")
        enter.wait_for()
        _fill(client, "Where you are now", "14 Elm Street, Burlington")
        _fill(client, "Number to call back", "802-555-0147")
        enter.click()
        client.get_by_text("Your provider will be with you shortly").wait_for()
        client.mouse.move(5, 5)  # off the buttons
        client.wait_for_timeout(2000)  # the first picture of the camera has come
        _keep(client, target / "waiting-room.png")
        provider.goto(url)
        provider.get_by_role("button", name="Admit").first.wait_for()
        _keep(provider, target / "today.png")
        provider.get_by_role("button", name="Admit").first.click()
        provider.get_by_role("button", name="Leave").first.wait_for()
        provider.wait_for_timeout(8000)  # both pictures flow, and are sharp
        _keep(provider, target / "visit.png")
        for browser in browsers.values():
            browser.close()
    return 0


def _with_camera(chromium: BrowserType, who: str, folder: Path) -> Browser:
    """A browser whose camera shows the portrait of *who*: a film of one picture."""
    painter = chromium.launch(executable_path=chromium_program(), args=FLAGS)
    page = painter.new_page(viewport={"width": 1280, "height": 720})
    page.goto((PORTRAITS / f"{who}.svg").as_uri())
    film = folder / f"{who}.mjpeg"
    film.write_bytes(page.screenshot(type="jpeg", quality=92) * 2)
    painter.close()
    return chromium.launch(
        executable_path=chromium_program(), args=[*FLAGS, f"--use-file-for-fake-video-capture={film}"]
    )


def _signed_in(browser: Browser, url: str, who: Account, width: int) -> Page:
    page = open_page(browser, width, "light")
    sign_in(page, url, who.email, who.password)
    return page


def _fill(page: Page, label: str, words: str) -> None:
    field = page.get_by_label(label)
    if field.count():
        field.first.fill(words)


def _keep(page: Page, path: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, animations="disabled")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    raise SystemExit(main())
