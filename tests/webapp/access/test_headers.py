"""Headers that tell browsers what a page may do (ASVS 3.4)."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.rules.crawling import rules
from tests.webapp import people
from tests.webapp.appointments.bookings import make_appointment
from tests.webapp.clients.records import make_client
from webapp.access.actor import Role

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)

NONCES = 1000
POLICY = (
    "default-src 'none'; script-src 'nonce-NONCE' 'strict-dynamic'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self' wss://localhost; media-src 'self' blob:; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "require-trusted-types-for 'script'"
)
MAY_USE_CAMERA = {"visit.show"}  # lobby with its connection check, waiting room and room are one page


def policy_of(app: Flask, browser: people.Browser, path: str = "/sign-in") -> str:
    return browser.get(path).headers["Content-Security-Policy"]


def test_policy_is_this_one_to_the_letter(app: Flask) -> None:
    for path in ("/sign-in", "/no/such/page"):
        policy = policy_of(app, people.browser(app), path)
        assert re.sub(r"nonce-[\w-]{24}'", "nonce-NONCE'", policy) == POLICY


def test_of_a_thousand_answers_no_two_have_the_same_nonce(app: Flask) -> None:
    browser = people.browser(app)
    found = [re.search(r"'nonce-([\w-]+)'", policy_of(app, browser, "/no/such/page")) for _ in range(NONCES)]
    nonces = {match[1] for match in found if match}
    assert len(nonces) == NONCES
    assert min(map(len, nonces)) >= 22  # 128 bits in base64


def test_camera_microphone_and_screen_are_for_lobby_room_and_connection_check_alone(app: Flask) -> None:
    provider = people.make_account(Role.PROVIDER)
    appointment = make_appointment(provider, make_client(provider))
    browser = people.sign_in(app, provider)
    allowed = set()
    for rule, _ in rules(app, "GET"):
        if set(rule.arguments) - {"appointment_id"} or rule.endpoint == "outbox.live":
            continue
        answer = browser.get(rule.rule.replace("<uuid:appointment_id>", str(appointment.id)))
        uses = answer.headers["Permissions-Policy"]
        shut = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()"
        if uses != shut:
            assert uses == shut.replace("()", "(self)", 3), rule.endpoint
            allowed.add(rule.endpoint)
        answer.close()
    assert allowed == MAY_USE_CAMERA
