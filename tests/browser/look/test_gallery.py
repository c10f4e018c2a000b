"""Every part of the interface in a real browser: axe in both themes and sizes, large letters, keyboard, behaviours."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.look.gallery import PAGES, create_gallery
from tests.browser.look.shots import CHROMIUM, FLAGS, THEMES, WIDTHS, chromium, open_page

LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKED_AT = [*PAGES, "forms?wrong=1", "sign_in?wrong=1", "parts?toast=1&refused=1", "error/404", "error/503"]


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def go(page: Page, url: str) -> None:
    """Open *url*; a page that did not draw would pass most of what follows."""
    answer = page.goto(url)
    assert answer is not None
    assert answer.ok or "/error/" in url
    page.wait_for_selector("html[data-bound]")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_gallery(), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_any_page(base: str, browser: Browser, width: int, theme: str) -> None:
    page = open_page(browser, width, theme)
    wrong: list[str] = []
    for name in LOOKED_AT:
        go(page, f"{base}/{name}")
        for found in Axe().run(page, options=LEVELS).response["violations"]:
            nodes = [
                (" ".join(node["target"]), node["any"][0]["message"] if node["any"] else "") for node in found["nodes"]
            ]
            wrong.append(f"{name}: {found['id']}: {nodes}")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_axe_here_can_find_something(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/today")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    found = Axe().run(page, options=LEVELS).response["violations"]
    page.context.close()
    assert "color-contrast" in {one["id"] for one in found}


def test_no_page_scrolls_sideways_at_320_pixels(base: str, browser: Browser) -> None:
    page = open_page(browser, 320, "light")
    widths: dict[str, int] = {}
    for name in LOOKED_AT:
        go(page, f"{base}/{name}")
        widths[name] = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()
    assert not {name: width for name, width in widths.items() if width > 320}


def test_letters_of_twice_the_size_keep_every_page_within_its_width(base: str, browser: Browser) -> None:
    twice = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, "--blink-settings=defaultFontSize=32"])
    page = open_page(twice, 390, "light")
    wide: dict[str, int] = {}
    for name in LOOKED_AT:
        go(page, f"{base}/{name}")
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
    twice.close()
    assert not {name: width for name, width in wide.items() if width > 390}


def test_a_stored_theme_wins_over_the_device(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/today?theme=dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.context.close()
    assert dark == "rgb(16, 23, 20)"


def test_escape_gives_the_focus_back_to_what_opened_the_dialog(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/parts")
    opener = page.get_by_role("button", name="Save note", exact=True).first
    opener.click()
    expect(page.get_by_role("button", name="Keep writing")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.context.close()


def test_the_summary_of_a_refused_form_has_the_focus(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/forms?wrong=1")
    expect(page.locator(".wh-summary")).to_be_focused()
    page.get_by_role("link", name="Email: Write the address that the clinic knows.").click()
    expect(page.get_by_label("Email")).to_be_focused()
    page.context.close()


def test_a_pasted_code_fills_its_cells(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/forms")
    page.get_by_label("Enter the 6-digit code it shows").fill("407 182")
    expect(page.locator(".wh-code__cell")).to_have_text(["4", "0", "7", "1", "8", "2"])
    page.context.close()


def test_show_password_shows_and_hides(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/sign_in")
    page.get_by_label("Password", exact=True).fill("a quiet room")
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "password")
    page.context.close()


def test_the_user_menu_closes_on_escape_and_returns_the_focus(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/today")
    summary = page.locator("header summary")
    summary.click()
    expect(page.get_by_role("link", name="My Account")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="My Account")).to_be_hidden()
    expect(summary).to_be_focused()
    page.context.close()


def test_the_waiting_banner_follows_the_box(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/clients")
    page.evaluate("document.querySelector('#waiting-banner section').remove()")
    expect(page.get_by_text("Maren Halvorsen is waiting")).to_have_count(0)
    page.evaluate("document.dispatchEvent(new CustomEvent('wellhouse:waiting', { detail: {} }))")
    expect(page.locator("#waiting-banner").get_by_text("Maren Halvorsen is waiting")).to_be_visible()
    page.context.close()
