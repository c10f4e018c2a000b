"""Reading what the portal would mail."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from tests.webapp import people
from webapp.outbox.models import Mail, MailTemplate


def use_relay(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clinic has a mail relay."""
    settings = people.with_relay(app.extensions["wellhouse.settings"])
    monkeypatch.setitem(app.extensions, "wellhouse.settings", settings)


def mailed(template: MailTemplate) -> list[tuple[str, dict[str, str]]]:
    """To whom *template* goes, and what stands in it, the oldest first."""
    rows = sorted(Mail.select(), key=lambda mail: mail.created_at)
    return [(mail.to, json.loads(mail.values)) for mail in rows if mail.template is template]


def path_of(link: str) -> str:
    """The part of a link that a browser of the tests opens."""
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc) == ("https", "localhost")
    return f"{parts.path}?{parts.query}"


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["link"][0]
