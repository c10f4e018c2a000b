"""Where a form comes from, as browsers say it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.webapp import people
from webapp.access.actor import Role

HERE = "https://localhost"
FOREIGN = "https://e.example"


def send(app: Flask, origin: str | None, site: str | None) -> int:
    browser = people.sign_in(app, people.make_account(Role.PROVIDER))
    headers = {"Origin": origin, "Sec-Fetch-Site": site}
    given = {name: value for name, value in headers.items() if value is not None}
    return browser.send("/sign-out", headers=given or {"Accept": "*/*"}).status_code


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (HERE, "same-origin"),
        ("null", "same-origin"),  # Chromium and Firefox under Referrer-Policy: no-referrer
        ("null", None),  # Safari before 16.4
        (None, None),  # no browser, or an old one: the token decides
    ],
)
def test_own_form_is_taken(app: Flask, origin: str | None, site: str | None) -> None:
    assert send(app, origin, site) == 302


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (FOREIGN, None),
        (FOREIGN, "cross-site"),
        ("null", "cross-site"),  # a sandboxed frame elsewhere
        ("null", "same-site"),  # another name of the same domain
        (None, "cross-site"),
        ("http://localhost", "same-origin"),
        ("https://localhost:8443", "same-site"),
        ("https://localhost.e.example", None),
        ("", "same-origin"),
    ],
)
def test_form_of_another_site_is_refused_even_with_a_good_token(
    app: Flask, origin: str | None, site: str | None
) -> None:
    assert send(app, origin, site) == 403
