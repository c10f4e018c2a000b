"""Every part of the interface in a real browser: axe in both themes and sizes, large letters, keyboard, behaviours."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.look.gallery import PAGES, create_gallery
from tests.browser.look.shots import FLAGS, THEMES, WIDTHS, launched, open_page
from tests.browser.program import chromium_program

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
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launched(playwright) as started:
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
    larger = [*FLAGS, "--blink-settings=defaultFontSize=32"]
    twice = browser.browser_type.launch(executable_path=chromium_program(), args=larger)
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


@pytest.mark.parametrize("how", ["typed", "clicked and typed", "filled in"])
def test_a_new_code_takes_the_place_of_a_wrong_one(base: str, browser: Browser, how: str) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/forms")
    field = page.get_by_label("Enter the 6-digit code it shows")
    field.fill("000000")
    field.blur()
    if how == "filled in":
        field.fill("407182")
    elif how == "typed":
        field.focus()
        page.keyboard.type("407182")
    else:
        page.locator(".wh-code__cell").nth(2).click(force=True)
        page.keyboard.type("407182")
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
    expect(page.locator("#waiting-banner").get_by_text("Maren Halvorsen is waiting")).to_be_visible()
    page.context.close()


def test_the_live_stream_resumes_after_the_last_event_it_saw(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    page.add_init_script(
        """let heard = [];
        document.addEventListener("wellhouse:waiting", (event) => {
            heard = [...heard, event.detail.id].slice(0, 2);
            document.documentElement.dataset.heard = heard.join(" ");
        });"""
    )
    go(page, f"{base}/today")
    page.wait_for_selector("html[data-heard='1 2']")
    page.context.close()


def test_search_while_typing_draws_the_results_afresh_and_says_how_many(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/clients")
    page.evaluate("document.querySelector('#results tbody').remove()")
    page.get_by_role("searchbox").fill("maren")
    expect(page.locator("#results tbody tr")).to_have_count(6)
    expect(page.locator("#say")).to_have_text("6 clients")
    expect(page).to_have_url(re.compile(r"[?]q=maren$"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.context.close()


def test_a_form_that_is_being_sent_is_not_sent_again(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    go(page, f"{base}/forms")
    press = "document.querySelector('.wh-form').requestSubmit(document.querySelector('.wh-form .btn-primary'))"
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.route(
        "**/forms", lambda route: route.fulfill(status=204) if route.request.method == "POST" else route.continue_()
    )
    button = page.get_by_role("button", name="Save", exact=True)
    width = button.evaluate("(one) => one.offsetWidth")
    page.evaluate(press)
    busy = page.locator("form.wh-form .btn-primary")
    expect(busy).to_have_text("Saving…")
    assert busy.evaluate("(one) => one.offsetWidth") >= width
    page.evaluate(press)
    page.evaluate("() => fetch('/forms').then(() => null)")  # what was sent before this has been seen by now
    assert sent == ["POST"]
    page.context.close()


def test_where_copying_is_forbidden_the_button_says_so(base: str, browser: Browser) -> None:
    page = open_page(browser, 1280, "light")
    page.add_init_script(
        "navigator.clipboard.writeText = async () => { throw new DOMException('', 'NotAllowedError'); };"
    )
    go(page, f"{base}/parts")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Please copy it by hand")).to_be_visible()
    expect(page.locator("#say")).to_have_text("Please copy it by hand")
    page.context.close()
