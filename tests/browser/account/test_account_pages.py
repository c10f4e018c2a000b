"""Pages of accounts and colleagues: what axe finds, what scrolls sideways, and the way of somebody new."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.account.conftest import PASSWORD, Arrive, Somebody
from tests.browser.account.keys import plug_in
from tests.browser.look.test_gallery import LEVELS
from tests.webapp import people
from tests.webapp.account.mfa.enrolled import add_app, code
from webapp.access.actor import Role

OPEN = ("/sign-in", "/forgot-password", "/choose-password?link=old")
OWN = (
    "/account",
    "/account/mfa",
    "/account/mfa/keys/new",
    "/account/password",
    "/account/email",
    "/account/sessions",
    "/account/notifications",
)
ADMINS = ("/colleagues", "/colleagues/new", "/colleagues/mfa", "/clients/registrations")
NARROW = {"width": 320, "height": 640}
SIZES = (NARROW, {"width": 1280, "height": 800})


def faults(page: Page, name: str) -> Iterator[str]:
    """What axe finds, in both themes, and whether the page is wider than the window."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for size in SIZES:
            page.set_viewport_size(size)
            where = f"{name} ({theme}, {size['width']})"
            for found in Axe().run(page, options=LEVELS).response["violations"]:
                yield f"{where}: {found['id']}: {[' '.join(node['target']) for node in found['nodes']]}"
            if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                yield f"{where}: scrolls sideways"


def sign_in_as_admin(arrive: Arrive) -> Somebody:
    admin = arrive(None, Role.ADMIN, Role.PROVIDER)
    admin.knock()
    admin.at("/")
    return admin


def give_password(somebody: Somebody) -> None:
    somebody.write("Password", PASSWORD)
    somebody.press("Continue")
    somebody.page.wait_for_url(re.compile(r"/account/mfa$"))
    somebody.bound()


def test_password_can_be_pasted(arrive: Arrive) -> None:
    somebody = arrive()
    somebody.go("/sign-in")
    field = somebody.page.get_by_label("Email", exact=True)
    field.evaluate("element => { element.type = 'text'; }")  # a place to copy from, as a password manager's window is
    field.fill(PASSWORD)
    field.press("ControlOrMeta+a")
    field.press("ControlOrMeta+x")
    somebody.page.get_by_label("Password", exact=True).press("ControlOrMeta+v")
    somebody.write("Email", somebody.account.email)
    somebody.press("Sign in")
    somebody.at("/")


def test_code_after_a_wrong_one_is_typed_over_it(arrive: Arrive) -> None:
    somebody = arrive()
    seed = add_app(somebody.account.id)
    somebody.knock()
    somebody.page.wait_for_url(re.compile("/second-step"))
    somebody.bound()
    somebody.page.keyboard.type("000000")
    somebody.page.keyboard.press("Enter")
    somebody.says("This code is not right")
    somebody.bound()
    somebody.page.keyboard.type(code(seed))
    somebody.page.keyboard.press("Enter")
    somebody.at("/")


@pytest.mark.timeout(600)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(arrive: Arrive) -> None:
    admin = sign_in_as_admin(arrive)
    wrong: list[str] = []

    def look(name: str) -> None:
        admin.bound()
        wrong.extend(faults(admin.page, name))

    admin.go("/account/mfa")
    look("confirm")
    give_password(admin)
    for path in OWN:
        admin.go(path)
        look(path)
    admin.go("/account/mfa")
    admin.press("Add Authenticator App")
    admin.page.wait_for_url(re.compile("/apps/"))
    look("new app")
    admin.go("/account/role/admin")
    look("to admin")
    admin.page.locator("main").get_by_role("button", name="Switch to Admin role").click()
    admin.at("/")
    colleague = people.make_account(Role.PROVIDER, name="Bartholomew Featherstonehaugh-Nakamura", password_hash="x")
    for path in (*ADMINS, f"/colleagues/{colleague.id}", f"/colleagues/{colleague.id}/reset"):
        admin.go(path)
        look(path)
    admin.page.context.clear_cookies()
    for path in OPEN:
        admin.go(path)
        look(path)
    add_app(admin.account.id)
    admin.knock()
    admin.page.wait_for_url(re.compile("/second-step"))
    look("second step")
    assert not wrong, "\n".join(wrong)


def test_somebody_new_is_invited_chooses_a_password_and_adds_a_key(arrive: Arrive) -> None:
    admin = sign_in_as_admin(arrive)
    admin.page.locator("summary").filter(has_text="Dr. Amara Okafor").click()
    admin.press("Switch to Admin role")
    admin.at("/")
    admin.page.get_by_role("link", name="Colleagues").first.click()
    admin.bound()
    admin.page.get_by_role("link", name="Invite colleague").click()
    admin.bound()
    admin.write("Name", "Tomás Rivera")
    admin.write("Email", f"tomas-{admin.account.id}@example.org")
    admin.press("Invite")
    link = admin.page.locator("[data-copy]").get_attribute("data-copy")
    newcomer = arrive()
    newcomer.page.goto(link or "")
    newcomer.bound()
    newcomer.write("New password", "copper-lantern-sails-22")
    newcomer.press("Save password")
    newcomer.at("/")
    newcomer.says("Your password is saved")
    plug_in(newcomer.page)
    newcomer.go("/account/mfa")
    newcomer.write("Password", "copper-lantern-sails-22")
    newcomer.press("Continue")
    newcomer.at("/account/mfa")
    newcomer.page.get_by_role("link", name="Add Security Key").click()
    newcomer.bound()
    newcomer.write("Description name", "Blue key")
    newcomer.press("Add Security Key")
    newcomer.page.get_by_role("link", name="I have kept them").click()
    newcomer.says("MFA is on.")
    admin.go("/colleagues")
    row = admin.page.locator("li").filter(has_text=f"tomas-{admin.account.id}")
    assert "MFA on" in row.inner_text()
