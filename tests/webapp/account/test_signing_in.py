"""Signing in and out through the pages, as a browser does."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from markupsafe import escape
from werkzeug.test import TestResponse

from core.clock import utcnow
from core.settings import Passwords
from tests.webapp import people
from tests.webapp.account.door import EMAIL, PASSWORD, account_with_password, cookie, knock, recorded
from webapp.access import sessions
from webapp.access.actor import Role
from webapp.access.sessions import Session
from webapp.account import hashing
from webapp.account.models import Account
from webapp.audit.events import Action
from webapp.db.unit import housekeeping


def test_page_has_the_words_that_manuals_rely_on(app: Flask) -> None:
    page = people.browser(app).get("/sign-in").text
    assert re.search(r"<label[^>]*>Email</label>", page)
    assert re.search(r"<label[^>]*>Password</label>", page)
    assert re.search(r"<button[^>]*>Sign in</button>", page)


def test_right_password_signs_in_with_the_token_that_the_page_carries(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/sign-in").text)
    assert found
    answer = browser.post("/sign-in", data={"csrf_token": found[1], "email": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.location) == (302, "/")
    assert browser.get("/account").status_code == 200
    assert recorded()[-1] is Action.SIGNED_IN


def test_address_is_taken_whatever_its_case_and_the_spaces_around_it(app: Flask) -> None:
    account_with_password(Role.CLIENT)
    assert knock(people.browser(app), email=f"  {EMAIL.upper()} ").status_code == 302


def test_production_cost_hash_signs_in(app: Flask) -> None:
    hashing.use_cost(Passwords())
    account_with_password(Role.PROVIDER)
    assert Account.get().password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert knock(people.browser(app)).status_code == 302


def test_hash_of_an_older_cost_is_renewed_at_sign_in(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    hashing.use_cost(Passwords(memory_kib=128, time_cost=1))
    assert knock(people.browser(app)).status_code == 302
    assert "m=128," in Account.get().password_hash
    assert knock(people.browser(app)).status_code == 302


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was compared: the real comparison, counted."""
    compared: list[str] = []
    compare = hashing._compare

    def count(encoded: str, password: str) -> bool:
        compared.append(encoded)
        return compare(encoded, password)

    monkeypatch.setattr(hashing, "_compare", count)
    return compared


def test_unknown_wrong_disabled_and_passwordless_get_the_same_answer_after_one_hash(
    app: Flask, hashes: list[str]
) -> None:
    account_with_password(Role.PROVIDER)
    disabled = account_with_password(Role.PROVIDER, email="gone1@example.org")
    people.make_account(Role.PROVIDER, email="fresh@example.org")
    with housekeeping("this test's people"):
        Account.update(disabled_at=utcnow()).where(Account.id == disabled.id).execute()
    pages = set()
    cases = {
        "amara@example.org": "not-the-password-at-all",
        "gone1@example.org": PASSWORD,
        "fresh@example.org": PASSWORD,
        "never@example.org": PASSWORD,
    }
    for email, password in cases.items():
        hashes.clear()
        browser = people.browser(app)
        answer = knock(browser, email=email, password=password)
        assert len(hashes) == 1, email
        assert cookie(browser) is None, email
        page = answer.text.replace(str(escape(email)), "ADDRESS")
        page = re.sub(r'nonce="[^"]+"|(value|data-token)="[^"]{60,}"', "", page)
        pages.add((answer.status_code, len(answer.data), page))
    assert len(pages) == 1, pages
    assert pages.pop()[0] == 403


def test_very_long_password_is_no_match_and_costs_one_hash(app: Flask, hashes: list[str]) -> None:
    account_with_password(Role.PROVIDER)
    assert knock(people.browser(app), password="é" * 20_000).status_code == 403
    assert len(hashes) == 1


def test_no_part_of_a_long_password_is_cut_off(app: Flask) -> None:
    long = "a hundred and twenty eight letters, of which bcrypt would have looked at seventy-two alone. " + "z" * 30
    account_with_password(Role.PROVIDER, password=long)
    assert knock(people.browser(app), password=long[:-1]).status_code == 403
    assert knock(people.browser(app), password=long[:72]).status_code == 403
    assert knock(people.browser(app), password=long).status_code == 302


def test_accented_letter_typed_in_two_characters_is_the_same_password(app: Flask) -> None:
    account_with_password(Role.PROVIDER, password="caf\u00e9-orange-violin")
    assert knock(people.browser(app), password="cafe\u0301-orange-violin").status_code == 302


def test_cookie_brought_along_is_never_taken_over(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    browser.set_cookie(sessions.COOKIE, "chosen-by-an-attacker", domain="localhost", secure=True)
    knock(browser)
    assert cookie(browser) not in (None, "chosen-by-an-attacker")
    stale = people.browser(app)
    stale.set_cookie(sessions.COOKIE, "chosen-by-an-attacker", domain="localhost", secure=True)
    assert stale.get("/account").status_code == 302


def test_session_of_before_is_dead_after_signing_in_again(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    before = cookie(browser)
    knock(browser)
    assert cookie(browser) != before
    old = people.browser(app)
    old.set_cookie(sessions.COOKIE, before or "", domain="localhost", secure=True)
    assert old.get("/account").status_code == 302


def test_form_token_of_before_is_refused_after_signing_in(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    before = browser.form_token()
    browser.post("/sign-in", data={"csrf_token": before, "email": EMAIL, "password": PASSWORD})
    assert browser.post("/sign-out", data={"csrf_token": before}).status_code == 400
    assert browser.get("/account").status_code == 200


def test_cookies_are_bound_to_the_host_and_hidden_from_scripts(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    browser.get("/sign-in")
    given = [*browser.get("/sign-in").headers.getlist("Set-Cookie"), *knock(browser).headers.getlist("Set-Cookie")]
    names = {line.split("=")[0] for line in given}
    assert names >= {"__Host-session", "__Host-device"}
    for line in given:
        assert line.startswith("__Host-"), line
        parts = {part.strip() for part in line.split(";")}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts, line
        assert "Domain" not in line


def test_cookie_of_the_admin_role_goes_along_with_no_link_from_another_site(app: Flask) -> None:
    account_with_password(Role.PROVIDER, Role.ADMIN)
    browser = people.browser(app)

    def same_site(answer: TestResponse) -> list[str]:
        lines = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{sessions.COOKIE}=")]
        return re.findall(r"SameSite=(\w+)", "".join(lines))

    assert same_site(knock(browser)) == ["Lax"]
    assert same_site(browser.send("/account/role/admin")) == ["Strict"]
    confirmed = browser.send("/account/confirm/password", {"password": PASSWORD, "need": "confirm"})
    assert same_site(confirmed) == ["Strict"]
    assert same_site(browser.send("/account/role/provider")) == ["Lax"]


def test_saved_cookie_is_worth_nothing_after_signing_out(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    saved = cookie(browser) or ""
    answer = browser.send("/sign-out")
    assert (answer.status_code, answer.location) == (302, "/sign-in")
    assert cookie(browser) is None
    thief = people.browser(app)
    thief.set_cookie(sessions.COOKIE, saved, domain="localhost", secure=True)
    assert thief.get("/account").status_code == 302
    assert thief.get("/live").status_code == 401
    assert recorded()[-1] is Action.SIGNED_OUT


def test_only_the_hash_of_a_session_is_kept(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    assert cookie(browser) not in Session.get().token_hash
    assert len(Session.get().token_hash) == 64


def test_sign_in_leads_back_to_where_somebody_was(app: Flask) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    asked = browser.get("/account/sessions?page=2")
    assert asked.location == "/sign-in?next=/account/sessions%3Fpage%3D2"
    assert knock(browser, next="/account/sessions?page=2").location == "/account/sessions?page=2"


@pytest.mark.parametrize(
    "target",
    [
        "//e.example",
        "/\\e.example",
        "/%2f%2fe.example",
        "https:e.example",
        "https://e.example/",
        "/\t/e.example",
        "/\r\n//e.example",
        "javascript:alert(1)",
        "account",
        "\\\\e.example",
        "/a//e.example",
        "/a b",
        "",
    ],
)
def test_sign_in_never_leads_to_another_site(app: Flask, target: str) -> None:
    account_with_password(Role.PROVIDER)
    assert knock(people.browser(app), next=target).location == "/"


def test_fresh_sign_in_lands_in_the_provider_role(app: Flask) -> None:
    account_with_password(Role.PROVIDER, Role.ADMIN)
    browser = people.browser(app)
    knock(browser)
    assert Session.get().role is Role.PROVIDER
    assert browser.get("/practice").status_code == 404


def test_switching_the_role_changes_the_rights_and_the_session_but_not_its_end(app: Flask) -> None:
    account_with_password(Role.PROVIDER, Role.ADMIN)
    browser = people.browser(app)
    knock(browser)
    before, ends = cookie(browser), Session.get().ends_at
    assert browser.send("/account/role/admin").status_code == 302
    assert cookie(browser) != before
    assert browser.get("/practice").status_code == 200
    now = Session.get(Session.ended_at.is_null())
    assert (now.role, now.ends_at) == (Role.ADMIN, ends)
    assert browser.send("/account/role/provider").status_code == 302
    assert browser.get("/practice").status_code == 404
    assert recorded().count(Action.ROLE_SWITCHED) == 2


def test_bar_says_in_which_role_one_is_and_the_menu_leads_to_the_other(app: Flask) -> None:
    account_with_password(Role.PROVIDER, Role.ADMIN)
    browser = people.browser(app)
    knock(browser)
    page = browser.get("/").text
    assert '<span class="wh-role">Provider</span>' in page
    assert ("Switch to Admin role" in page, "Switch to Provider role" in page) == (True, False)
    browser.send("/account/role/admin")
    page = browser.get("/").text
    assert '<span class="wh-role">Admin</span>' in page
    assert ("Switch to Admin role" in page, "Switch to Provider role" in page) == (False, True)


@pytest.mark.parametrize("role", ["admin", "system", "anonymous", "client", "provider", "x"])
def test_role_that_one_does_not_have_is_absent(app: Flask, role: str) -> None:
    account_with_password(Role.PROVIDER)
    browser = people.browser(app)
    knock(browser)
    assert browser.send(f"/account/role/{role}").status_code == 404
    assert Session.get(Session.ended_at.is_null()).role is Role.PROVIDER


def test_disabled_account_is_out_at_its_next_request(app: Flask) -> None:
    account = people.make_account(Role.PROVIDER)
    browser = people.sign_in(app, account)
    assert browser.get("/account").status_code == 200
    with housekeeping("this test's person"):
        Account.update(disabled_at=utcnow()).where(Account.id == account.id).execute()
    assert browser.get("/account").status_code == 302


def test_somebody_signed_in_is_not_asked_again(app: Flask) -> None:
    browser = people.sign_in(app, people.make_account(Role.CLIENT))
    assert browser.get("/sign-in?next=/account").location == "/account"
