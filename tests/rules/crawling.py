"""Walking through the portal as its people do: every link that a page shows, and every address without parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from core.clock import utcnow
from core.settings import Settings
from tests.webapp import people
from tests.webapp.people import Browser
from webapp import demo
from webapp.access.actor import Role
from webapp.access.route import Declared, declared_for
from webapp.account.models import Account
from webapp.db.database import db

PAGES_MAX = 150
# Streams do not end by themselves, and files are the same for everybody.
NOT_PAGES = {"outbox.live"}
FILL = {"uuid": "00000000-0000-4000-8000-000000000000", "string": "x", "default": "x", "int": "1"}


@dataclass
class Page(HTMLParser):
    """What a page holds that matters here."""

    address: str
    answer: Response
    links: set[str] = field(default_factory=set)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    scripts: list[dict[str, str]] = field(default_factory=list)
    tokenless_forms: int = 0
    _in_post_form: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.answer.get_data(as_text=True))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in given.items()]
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if tag == "script":
            self.scripts.append(given)
        if tag == "form" and given.get("method", "").lower() == "post":
            self.tokenless_forms += 1
            self._in_post_form = True
        if tag == "input" and given.get("name") == "csrf_token" and given.get("value") and self._in_post_form:
            self.tokenless_forms -= 1
            self._in_post_form = False


def rules(app: Flask, method: str) -> Iterator[tuple[Rule, Declared]]:
    """Every address that answers *method* and is no file."""
    for rule in app.url_map.iter_rules():
        declared = declared_for(app, rule.endpoint)
        if declared is not None and method in (rule.methods or ()) and not rule.endpoint.endswith("static"):
            yield rule, declared


def filled(rule: Rule) -> str:
    """An address of *rule* with parts that belong to nothing."""
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda part: FILL[part[1] or "default"], rule.rule)


def seed(settings: Settings) -> None:
    """The demonstration's people, with visits behind and before them."""
    demo.seed(settings, at=utcnow())
    db.connect(reuse_if_open=True)


def signed_in(app: Flask) -> dict[str, Browser]:
    """A browser for each role of the demonstration, and one of nobody."""
    amara, maren = (Account.get(Account.email == f"{name}@example.org") for name in ("amara", "maren"))
    return {
        "provider": people.sign_in(app, amara, Role.PROVIDER),
        "admin": people.sign_in(app, amara, Role.ADMIN),
        "client": people.sign_in(app, maren, Role.CLIENT),
        "nobody": people.browser(app),
    }


def crawl(app: Flask, browser: Browser) -> Iterator[Page]:
    """Every page that *browser* can reach by links, or by an address without parts."""
    waiting = ["/", *(rule.rule for rule, _ in rules(app, "GET") if not rule.arguments)]
    skipped = {rule.rule for rule, _ in rules(app, "GET") if rule.endpoint in NOT_PAGES}
    seen: set[str] = set(skipped)
    while waiting and len(seen) < PAGES_MAX:
        address = waiting.pop(0)
        if address in seen or address.startswith(("/static/", "/bootstrap/")):
            continue
        seen.add(address)
        page = Page(address, browser.get(address))
        yield page
        if page.answer.location:
            waiting.append(page.answer.location)
        for link in sorted(page.links):
            parts = urlsplit(link)
            if not parts.scheme and not parts.netloc and parts.path.startswith("/"):
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


# What a request may note of a session without changing it: that somebody is there.
SEEN = {"session": {"last_seen_at", "in_visit_at", "shown_at"}}


def fingerprints() -> dict[str, str]:
    """A hash of the rows of each table, without when somebody was last seen."""
    prints = {}
    for table in db.get_tables():
        names = [column.name for column in db.get_columns(table) if column.name not in SEEN.get(table, ())]
        columns = ", ".join(f'"{name}"' for name in names)
        rows = sorted(repr(row) for row in db.execute_sql(f'SELECT {columns} FROM "{table}"').fetchall())  # noqa: S608
        prints[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return prints
