"""The set-up pages in a real browser, from the installer's link to the next three things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Playwright

from appliance.configure.root import KEPT_UP, settings_file
from tests.appliance.folder import wellhouse
from tests.browser.program import chromium_program
from tests.browser.visit import box as boxes
from tests.webapp.outbox.test_mailer import Relay
from tests.webapp.outbox.test_trial import relay


@pytest.fixture
def opened(playwright: Playwright) -> Iterator[Page]:
    browser = playwright.chromium.launch(executable_path=chromium_program(), args=["--no-sandbox"])
    yield browser.new_page(ignore_https_errors=True)
    browser.close()


def is_clean(page: Page) -> bool:
    found = Axe().run(page).response["violations"]
    assert found == [], [one["id"] for one in found]
    return True


def test_an_admin_comes_from_the_link_to_the_next_three_things(tmp_path: Path, opened: Page) -> None:
    handler = Relay()
    with relay(handler) as mail:
        file = settings_file(tmp_path)
        file.parent.mkdir()
        file.write_text(
            f'{KEPT_UP}[mail]\nhost = "{mail.host}"\nport = {mail.port}\nsecurity = "none"\nsender = "{mail.sender}"\n'
        )
        with boxes.running(tmp_path) as box:
            opened.goto(wellhouse("setup-link", "--root", box.root).stdout.split()[-1])
            opened.get_by_label("Your name").fill("Dr. Amara Okafor")
            opened.get_by_label("Email").fill("amara@cedarhollow.example")
            opened.get_by_label("Password", exact=True).fill("kettle-orange-violin-9")
            opened.get_by_role("button", name="Save and continue").click()
            opened.get_by_label("Name of the practice").fill("Cedar Hollow Family Therapy")
            opened.get_by_label("Time zone").select_option("America/New_York")
            opened.get_by_role("button", name="Save and continue").click()

            opened.get_by_role("heading", name="Does mail arrive?").wait_for()
            opened.get_by_role("button", name="Send a test message to amara@cedarhollow.example").click()
            opened.get_by_text("127.0.0.1 took the message").wait_for()
            assert [to for to, _ in handler.taken] == [["amara@cedarhollow.example"]]
            assert is_clean(opened)
            opened.get_by_role("link", name="Continue").click()

            opened.get_by_role("heading", name="Second factors").wait_for()
            opened.get_by_text("Providers and admins").click()
            opened.get_by_role("button", name="Save and continue").click()
            opened.get_by_text("Add a second factor to your own account first").first.wait_for()
            assert is_clean(opened)
            opened.get_by_role("link", name="Decide later").click()

            opened.get_by_role("heading", name="Cedar Hollow Family Therapy is ready").wait_for()
            assert is_clean(opened)
            opened.get_by_role("link", name=re.compile("Invite a colleague")).click()
            opened.wait_for_url("**/colleagues/new**")
