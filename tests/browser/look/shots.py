"""Takes pictures of pages: light and dark, phone and desktop, into var/look/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.program import chromium_program

FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTHS = {390: 844, 1280: 800}
THEMES = ("light", "dark")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium with invented camera and microphone."""
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """The same where Playwright has been started."""
    browser = playwright.chromium.launch(executable_path=chromium_program(), args=FLAGS)
    yield browser
    browser.close()


def open_page(browser: Browser, width: int, theme: str) -> Page:
    """A page of its own context, *width* CSS pixels wide, in *theme* as the device would ask for it."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS.get(width, 800)},
        color_scheme="dark" if theme == "dark" else "light",
        ignore_https_errors=True,
        has_touch=width < 768,
    )
    context.grant_permissions(["camera", "microphone"])
    return context.new_page()


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    """Sign in as a person would, by the labels on the screen."""
    page.goto(f"{base}/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def switch_to_admin(page: Page) -> None:
    """Press “Switch to Admin role” in the user menu, where somebody has both roles."""
    page.locator("header summary").click()
    page.get_by_role("button", name="Switch to Admin role").click()
    page.wait_for_selector(".wh-bar--admin")


def shoot(page: Page, url: str, folder: Path, name: str, *, whole: bool) -> Path:
    """Open *url* and keep its picture; *whole* takes what lies below the fold too."""
    page.goto(url)
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    size = page.viewport_size
    if whole and size:
        # A taller window rather than a stitched picture: what sticks to the bottom stays there.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    page.screenshot(path=path, animations="disabled")
    if size:
        page.set_viewport_size(size)
    return path


def name_of(path: str) -> str:
    """A file name for the page at *path*: ``/clients/?q=a`` gives ``clients-q-a``."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"
