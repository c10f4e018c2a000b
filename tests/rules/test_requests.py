"""Rules about every address of the portal, generated over its url_map and over what its pages link to."""

from __future__ import annotations

import dataclasses
import re

import pytest
from flask import Flask

from core.settings import Settings
from tests.rules.crawling import Page, crawl, filled, fingerprints, rules, seed, signed_in
from tests.webapp import people
from tests.webapp.people import Browser
from webapp.access import sessions
from webapp.access.actor import Actor, Role
from webapp.access.route import Feature, declared_for, nothing
from webapp.access.rules import Public, public
from webapp.access.rules import signed_in as signed_in_rule
from webapp.account.models import SignInTry
from webapp.audit.events import Action, Event
from webapp.db.unit import housekeeping, unit

# These rules are about requests, not about a database: one of the two is enough.
pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)

# Every opening to people who have not signed in. A new one is a line here, and somebody reads it.
OPEN = {
    "account.sign_in",
    "account.enter",
    "box.healthz",
    "clients.invitation",
    "clients.accept",
    "family.invitation",
    "family.accept",
    "registration.register",
    "registration.ask",
    "registration.prove",
    "registration.save_proof",
    "registration.proved",
    "password.ask_for_link",
    "password.choose",
    "password.forgot",
    "password.save_choice",
    "second_step.begin_key_entry",
    "second_step.begin_passkey_entry",
    "second_step.enter_by_code",
    "second_step.enter_by_key",
    "second_step.enter_by_passkey",
    "second_step.enter_by_recovery_code",
    "second_step.second_step_page",
    "setup.start",
    "setup.make_admin",
}
# Of every cookie; in the admin role the session's is SameSite=Strict (tests/webapp/account/test_signing_in.py).
KEPT_COOKIE = {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
# What a GET may write: who looked. That somebody is there, a session's last-seen, the fingerprints leave out.
WRITTEN_BY_LOOKING = {"audit_event", "audit_head"}


def planted_feature() -> Feature:
    planted = Feature("planted", "tests.rules.planted")

    @planted.get("/planted/writes", allow=public("planted"), records=nothing("planted"))
    def writes(_actor: object) -> str:
        with housekeeping("planted"):
            SignInTry.insert(at=people.utcnow(), account_key="", address_key="", device_key="").execute()
        return '<a href="/" onclick="go()">x</a><script>go()</script><form method="post"></form>'

    @planted.get("/planted/switches", allow=signed_in_rule, records=nothing("planted"))
    def switches(actor: Actor) -> str:
        with unit(Event(Action.ROLE_SWITCHED, actor)):
            sessions.exchange(actor.session, Role.ADMIN, at=people.utcnow())
        return "another session"

    @planted.post("/planted/exempt", allow=public("planted"), records=nothing("planted"))
    def exempt(_actor: object) -> str:
        return "done"

    return planted


def undeclared(app: Flask) -> list[str]:
    return [rule.endpoint for rule in app.url_map.iter_rules() if declared_for(app, rule.endpoint) is None]


def test_every_endpoint_is_declared_and_what_is_not_is_refused(app: Flask) -> None:
    assert undeclared(app) == []
    app.add_url_rule("/planted", "planted", lambda: "shown")
    assert undeclared(app) == ["planted"]
    assert people.browser(app).get("/planted").status_code == 404


def test_every_opening_is_known(app: Flask) -> None:
    found = {
        rule.endpoint
        for method in ("GET", "POST")
        for rule, declared in rules(app, method)
        if isinstance(declared.allow, Public)
    }
    assert found == OPEN


def test_stranger_is_sent_to_sign_in_from_everything_else(app: Flask) -> None:
    browser, tried = people.browser(app), 0
    for method in ("GET", "POST"):
        for rule, declared in rules(app, method):
            if isinstance(declared.allow, Public):
                continue
            answer = browser.open(filled(rule), method=method)
            expected = 401 if declared.json else 302
            assert answer.status_code == expected, (rule.endpoint, answer.status_code)
            assert declared.json or answer.location.startswith("/sign-in"), rule.endpoint
            tried += 1
    assert tried > 20


def accepted(app: Flask, *, token: bool, headers: dict[str, str] | None = None, only: str = "") -> list[str]:
    """Endpoints for posting (or *only* one) that do more than refuse, were their own rule to say yes to everybody."""
    registry = app.extensions["wellhouse.rules"]
    before = dict(registry)
    browser, other = people.browser(app), people.browser(app)
    found = []
    try:
        for rule, declared in rules(app, "POST"):
            registry[rule.endpoint] = dataclasses.replace(declared, allow=Public("test"), step_up=None)
        for rule, _ in rules(app, "POST"):
            if only not in ("", rule.endpoint):
                continue
            fields = {"csrf_token": browser.form_token()} if token else {}
            if not token and headers is None:
                fields = {"csrf_token": other.form_token()}  # good, but another browser's
            answer = browser.post(filled(rule), data=fields, headers=headers or {})
            if answer.status_code not in (400, 403):
                found.append(rule.endpoint)
    finally:
        registry.update(before)
    return found


def test_nothing_is_posted_without_the_browsers_own_token(app: Flask) -> None:
    app.register_blueprint(planted_feature())
    before = fingerprints()
    assert accepted(app, token=False) == []
    assert accepted(app, token=False, headers={"Origin": "https://localhost"}) == []
    assert fingerprints() == before
    app.extensions["csrf"].exempt("tests.rules.test_requests.exempt")
    assert accepted(app, token=False) == ["planted.exempt"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://e.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_nothing_is_posted_from_another_site(app: Flask, headers: dict[str, str]) -> None:
    app.register_blueprint(planted_feature())
    before = fingerprints()
    assert accepted(app, token=True, headers=headers) == []
    assert fingerprints() == before
    assert accepted(app, token=True, headers={"Origin": "https://localhost"}, only="planted.exempt") != []


def changed_by_looking(app: Flask, addresses: list[str], browser: Browser | None = None) -> set[str]:
    before = fingerprints()
    for address in addresses:
        (browser or people.browser(app)).get(address)
    after = fingerprints()
    return {table for table in after if after[table] != before[table]} - WRITTEN_BY_LOOKING


def faults_of(page: Page) -> list[str]:
    """What is wrong with a page, whatever it is about."""
    answer, faults = page.answer, []
    policy = answer.headers.get("Content-Security-Policy", "")
    found = re.search(r"'nonce-([^']+)'", policy)
    nonce = found[1] if found else ""
    if answer.mimetype == "text/html":
        wanted = ("default-src 'none'", "'strict-dynamic'", "style-src 'self'", "object-src 'none'", "base-uri 'none'")
        wanted += ("frame-ancestors 'none'", "form-action 'self'", "require-trusted-types-for 'script'")
        faults += [f"policy lacks {part}" for part in wanted if part not in policy]
        faults += ["no nonce"] if len(nonce) < 22 else []
        faults += [f"script {s}" for s in page.scripts if s.get("nonce") != nonce or not s.get("src")]
        faults += [f"{tag} has {name}" for tag, name, _ in page.attributes if name.startswith("on") or name == "style"]
        faults += [
            f"{tag} {name}={value}"
            for tag, name, value in page.attributes
            if name in ("src", "href", "action") and re.match(r"(?i)\s*(javascript:|(https?:)?//)", value)
        ]
        faults += ["form without token"] * page.tokenless_forms
    must = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    faults += [f"{name}: {answer.headers.get(name)}" for name, v in must.items() if answer.headers.get(name) != v]
    age = re.fullmatch(r"max-age=(\d+).*", answer.headers.get("Strict-Transport-Security", ""))
    faults += [] if age and int(age[1]) >= 365 * 24 * 3600 else ["no year of HSTS"]
    faults += [] if "no-store" in answer.headers.get("Cache-Control", "") else ["may be kept"]
    for line in answer.headers.getlist("Set-Cookie"):
        parts = {part.strip() for part in line.split(";")}
        if not line.startswith("__Host-") or not parts >= KEPT_COOKIE or "Domain" in line:
            faults.append(f"cookie {line}")
    return faults


def test_pages_change_nothing_and_keep_every_rule(app: Flask, settings: Settings) -> None:
    seed(settings)
    nonces: set[str] = set()
    visited: dict[str, int] = {}
    browsers = signed_in(app)
    before = fingerprints()
    for who, browser in browsers.items():
        for page in crawl(app, browser):
            assert faults_of(page) == [], (who, page.address)
            assert page.answer.status_code < 500, (who, page.address, page.answer.status_code)
            nonce = re.search(r"'nonce-([^']+)'", page.answer.headers.get("Content-Security-Policy", ""))
            if nonce:
                assert nonce[1] not in nonces
                nonces.add(nonce[1])
            visited[who] = visited.get(who, 0) + (page.answer.status_code == 200)
            page.answer.close()
    after = fingerprints()
    assert {table for table in after if after[table] != before.get(table)} <= WRITTEN_BY_LOOKING
    assert min(visited.values()) >= 2, visited
    assert visited["provider"] >= 8, visited


def test_planted_page_breaks_the_rules(app: Flask) -> None:
    app.register_blueprint(planted_feature())
    assert changed_by_looking(app, ["/sign-in"]) == set()
    assert changed_by_looking(app, ["/planted/writes"]) == {"sign_in_try"}
    somebody = people.sign_in(app, people.make_account(Role.PROVIDER, Role.ADMIN))
    assert changed_by_looking(app, ["/account"], somebody) == set()
    assert changed_by_looking(app, ["/planted/switches"], somebody) == {"session"}
    faults = faults_of(Page("/planted/writes", people.browser(app).get("/planted/writes")))
    assert {"a has onclick", "form without token", "script {}"} <= set(faults)
    bare = Page("/", app.response_class("<p>x</p>", mimetype="text/html"))
    assert len(faults_of(bare)) > 10


@pytest.mark.parametrize("address", ["/no/such/page", "/account", "/healthz", "/static/ui/tokens.css"])
def test_every_kind_of_answer_has_the_headers(app: Flask, address: str) -> None:
    page = Page(address, people.browser(app).get(address))
    page.answer.close()
    kept = ["may be kept"] if address.startswith("/static/") else []
    assert [fault for fault in faults_of(page) if fault not in kept] == []


def test_fault_shows_a_reference_and_nothing_of_the_inside(app: Flask) -> None:
    broken = Feature("broken", "tests.rules.planted")

    @broken.get("/broken", allow=public("planted"), records=nothing("planted"))
    def fail(_actor: object) -> str:
        raise RuntimeError("SELECT secret FROM inside")

    app.register_blueprint(broken)
    app.testing = False
    page = Page("/broken", people.browser(app).get("/broken"))
    assert page.answer.status_code == 500
    assert faults_of(page) == []
    for inside in ("SELECT", "secret", "RuntimeError", "Traceback", "werkzeug", "Python"):
        assert inside not in page.answer.text
    assert re.search(r"Reference[^0-9a-f]+.*[0-9a-f]{8}", page.answer.text, re.S)


@pytest.mark.parametrize("host", ["e.example", "localhost.e.example", "localhost:99999", "", "[::1]"])
def test_unknown_host_is_refused(app: Flask, host: str) -> None:
    answer = people.browser(app).get("/sign-in", headers={"Host": host}, base_url="https://localhost")
    assert answer.status_code == 400
