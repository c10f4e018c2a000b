"""Security keys and passkeys in a real browser, from adding one to what a copy of it opens (nothing)."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.account.conftest import Arrive, Somebody
from tests.browser.account.keys import Key, plug_in
from tests.webapp.account.mfa.enrolled import let_proofs_age
from webapp.account.mfa.models import RecoveryCode, SecurityKey
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent

CODE = re.compile(r"^(?:[a-z2-9]{6}-){2}[a-z2-9]{6}$")
USE = "Use a passkey or security key"


def signed_in(arrive: Arrive) -> Somebody:
    somebody = arrive()
    somebody.knock()
    somebody.at("/")
    return somebody


def open_tab(somebody: Somebody) -> None:
    """The MFA tab, by password and Continue."""
    somebody.go("/account")
    somebody.page.get_by_role("link", name="MFA", exact=True).click()
    somebody.write("Password", "kettle-orange-violin-9")
    somebody.press("Continue")
    somebody.page.wait_for_url(re.compile(r"/account/(mfa|confirm)"))
    somebody.bound()


def add_key(somebody: Somebody, name: str = "Blue key") -> None:
    somebody.page.get_by_role("link", name="Add Security Key").click()
    somebody.bound()
    somebody.write("Description name", name)
    somebody.press("Add Security Key")


def with_key(arrive: Arrive, **options: object) -> tuple[Somebody, Key]:
    """Somebody who has added a key and kept the codes."""
    somebody = signed_in(arrive)
    key = plug_in(somebody.page, **options)
    open_tab(somebody)
    add_key(somebody)
    somebody.page.get_by_role("link", name="I have kept them").click()
    somebody.at("/account/mfa")
    return somebody, key


def sign_out(somebody: Somebody) -> None:
    somebody.page.locator("summary").filter(has_text="Dr. Amara Okafor").click()
    somebody.press("Sign out")
    somebody.at("/sign-in")


def own_key(somebody: Somebody) -> SecurityKey:
    return SecurityKey.get(SecurityKey.account == somebody.account.id)


def events(somebody: Somebody) -> list[Action]:
    rows = AuditEvent.select().order_by(AuditEvent.sequence)
    return [row.action for row in rows if str(somebody.account.id) in repr((row.account, row.about))]


def test_key_is_added_with_ten_codes_and_stands_in_the_list(arrive: Arrive) -> None:
    somebody = signed_in(arrive)
    plug_in(somebody.page)
    open_tab(somebody)
    add_key(somebody)
    codes = somebody.page.locator("#recovery-codes li")
    expect(codes).to_have_count(10)
    assert all(CODE.match(code) for code in codes.all_inner_texts())
    somebody.page.get_by_role("link", name="I have kept them").click()
    somebody.says("Blue key")
    somebody.says("MFA is on.")
    row = own_key(somebody)
    assert row.sign_count >= 1
    assert RecoveryCode.select().where(RecoveryCode.account == somebody.account.id).count() == 10
    assert Action.FACTOR_ADDED in events(somebody)


def test_codes_can_be_downloaded_and_are_in_no_address(arrive: Arrive) -> None:
    somebody = signed_in(arrive)
    plug_in(somebody.page)
    open_tab(somebody)
    add_key(somebody)
    with somebody.page.expect_download() as saved:
        somebody.press("Download")
    assert saved.value.suggested_filename == "wellhouse-recovery-codes.txt"
    kept = saved.value.path().read_text()
    shown = somebody.page.locator("#recovery-codes li").all_inner_texts()
    assert all(code in kept for code in shown)
    assert shown[0] not in somebody.page.url


def test_key_needs_a_name_first(arrive: Arrive) -> None:
    somebody = signed_in(arrive)
    plug_in(somebody.page)
    open_tab(somebody)
    add_key(somebody, name="")
    assert somebody.page.locator("input:invalid").count() == 1
    assert not SecurityKey.select().where(SecurityKey.account == somebody.account.id).exists()


def test_same_key_is_not_added_twice(arrive: Arrive) -> None:
    somebody, _ = with_key(arrive)
    add_key(somebody, "Again")
    somebody.says("This key is already registered")
    assert SecurityKey.select().where(SecurityKey.account == somebody.account.id).count() == 1


def test_password_and_key_sign_in(arrive: Arrive) -> None:
    somebody, _ = with_key(arrive)
    before = own_key(somebody).sign_count
    sign_out(somebody)
    somebody.knock()
    somebody.page.wait_for_url(re.compile("/sign-in/second-step"))
    somebody.bound()
    somebody.press("Use security key or passkey")
    somebody.at("/")
    assert own_key(somebody).sign_count > before
    assert own_key(somebody).last_used_at is not None


def test_passkey_signs_in_without_a_password_to_where_somebody_wanted_to_go(arrive: Arrive) -> None:
    somebody, _ = with_key(arrive)
    sign_out(somebody)
    somebody.go("/account/sessions")
    somebody.press(USE)
    somebody.at("/account/sessions")
    assert events(somebody)[-1] is Action.PASSKEY_USED


def test_locked_passkey_signs_nobody_in(arrive: Arrive) -> None:
    somebody, key = with_key(arrive)
    sign_out(somebody)
    key.unlock(False)
    somebody.press(USE)
    somebody.says("Nothing was touched in time")
    somebody.go("/account")
    assert "/sign-in" in somebody.page.url


def test_key_confirms_who_one_is(arrive: Arrive) -> None:
    somebody, _ = with_key(arrive)
    sign_out(somebody)
    somebody.press(USE)
    somebody.at("/")
    let_proofs_age()
    open_tab(somebody)
    assert "/account/confirm" in somebody.page.url
    somebody.press("Use security key or passkey")
    somebody.at("/account/mfa")


def test_removed_key_opens_nothing_any_more(arrive: Arrive) -> None:
    somebody, _ = with_key(arrive)
    somebody.page.get_by_role("link", name="Blue key").click()
    somebody.bound()
    somebody.press("Remove")
    somebody.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    somebody.says("One more lock on your account")
    sign_out(somebody)
    somebody.press(USE)
    somebody.says("does not open this account")
    somebody.go("/account")
    assert "/sign-in" in somebody.page.url


def test_copied_key_is_refused_recorded_and_told(arrive: Arrive) -> None:
    somebody, key = with_key(arrive)
    copy = key.credentials()[0]
    sign_out(somebody)
    somebody.press(USE)  # the counter goes on
    somebody.at("/")
    sign_out(somebody)
    key.unplug()
    plug_in(somebody.page).take_over(copy)
    somebody.press(USE)
    somebody.says("may have been copied")
    assert events(somebody)[-1] is Action.KEY_REFUSED_AS_COPY
    somebody.go("/account")
    assert "/sign-in" in somebody.page.url
