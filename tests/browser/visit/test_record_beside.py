"""The record beside the visit: it locks when nobody has done anything for half an hour, and the call goes on."""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import urlsplit

import pyotp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData
from playwright.sync_api import Page, expect

from core.clock import utcnow
from tests.browser.account.keys import Key, plug_in
from tests.browser.visit.meeting import PASSWORD, Meeting
from tests.browser.visit.person import Person, until
from tests.webapp.account.mfa.soft_key import SoftKey
from webapp.access.sessions import COOKIE, Session
from webapp.account.mfa.models import AuthenticatorApp, SecurityKey
from webapp.audit.events import Action
from webapp.audit.models import AuditEvent
from webapp.db.unit import housekeeping

PHONE = "802-555-0147"
ASKED = "Is it still you?"


def lapse(meeting: Meeting) -> None:
    """Nobody has done anything for half an hour, but that the visit's page was heard of."""
    mine = (Session.account == meeting.provider.account.id) & Session.ended_at.is_null()
    with housekeeping("time passes"):
        Session.update(last_seen_at=utcnow() - timedelta(minutes=31), in_visit_at=utcnow()).where(mine).execute()


def look_again(page: Page) -> None:
    """The panel's next look, a minute early."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def cookie(person: Person) -> str:
    [found] = [each["value"] for each in person.page.context.cookies() if each["name"] == COOKIE]
    return str(found)


def test_call_goes_on_while_the_record_locks_and_is_unlocked_in_its_place(
    call: tuple[Person, Person], meeting: Meeting
) -> None:
    at_provider, at_client = call
    page, panel = at_provider.page, at_provider.page.get_by_role("region", name="Record")
    expect(page.locator("#idle")).to_have_count(0)  # nobody is asked in the middle of a call
    expect(at_client.page.get_by_role("button", name="Record", exact=True)).to_have_count(0)
    at_provider.press("Record")
    expect(panel.get_by_text(PHONE)).to_be_visible()
    read = AuditEvent.select().where(AuditEvent.action == Action.CLIENT_VIEWED)
    assert read.where(AuditEvent.account == meeting.provider.account.id).exists()

    lapse(meeting)
    look_again(page)
    expect(panel.get_by_text(ASKED)).to_be_visible()
    assert PHONE not in page.locator("[data-record]").inner_html()
    assert at_client.new_frames_arrive()
    assert at_provider.new_frames_arrive()
    before = cookie(at_provider)
    assert page.context.request.get(f"{at_provider.url}/clients", max_redirects=0).status == 302
    at_provider.press("Record")
    at_provider.press("Chat")
    at_provider.write("Still here")
    until(lambda: at_client.reads() == ["Still here"], "the line at the client")
    at_provider.press("Record")
    expect(panel.get_by_text(ASKED)).to_be_visible()

    panel.get_by_label("Password", exact=True).fill("not my password")
    panel.get_by_role("button", name="Unlock").click()
    expect(panel.get_by_text("That is not your password.")).to_be_visible()
    panel.get_by_label("Password", exact=True).fill(PASSWORD)
    panel.get_by_role("button", name="Unlock").click()
    expect(panel.get_by_text(PHONE)).to_be_visible()
    assert cookie(at_provider) != before
    assert page.context.request.get(f"{at_provider.url}/clients", max_redirects=0).status == 200
    assert at_provider.stage() == "room"
    assert at_client.new_frames_arrive()
    panel.get_by_role("button", name="Close the record").click()
    assert PHONE not in page.locator("[data-record]").inner_html()


@pytest.mark.parametrize("phone", [False, True])
def test_who_has_an_app_unlocks_with_its_code(call: tuple[Person, Person], meeting: Meeting, phone: bool) -> None:
    at_provider, _ = call
    if phone:
        at_provider.page.set_viewport_size({"width": 390, "height": 844})
    seed = pyotp.random_base32()
    with housekeeping("an app was added"):
        now = utcnow()
        AuthenticatorApp.create(
            account=meeting.provider.account, name="Phone", seed=seed, created_at=now, confirmed_at=now
        )
    lapse(meeting)
    at_provider.press("Record")
    panel = at_provider.page.get_by_role("region", name="Record")
    expect(panel.get_by_text(ASKED)).to_be_visible()
    expect(panel.get_by_label("Password", exact=True)).to_have_count(0)
    panel.get_by_label("6-digit code").fill(pyotp.TOTP(seed).now())
    panel.get_by_role("button", name="Unlock").click()
    expect(panel.get_by_text(PHONE)).to_be_visible()
    assert at_provider.stage() == "room"


def give_key(meeting: Meeting, page: Page) -> Key:
    """The provider has added a security key, and it is plugged in here."""
    made = SoftKey()
    public = ES256.from_cryptography_key(made.private.public_key())
    credential = AttestedCredentialData.create(Aaguid.NONE, made.credential_id, public)
    with housekeeping("a key was added"):
        SecurityKey.create(
            account=meeting.provider.account,
            name="Blue key",
            credential_id=websafe_encode(made.credential_id),
            credential=bytes(credential),
            sign_count=0,
            backup_eligible=False,
            backed_up=False,
            created_at=utcnow(),
        )
    private = made.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = plug_in(page, transport="usb", hasResidentKey=False)
    key.take_over(
        {
            "credentialId": base64.b64encode(made.credential_id).decode(),
            "isResidentCredential": False,
            "rpId": urlsplit(page.url).hostname,
            "privateKey": base64.b64encode(private).decode(),
            "signCount": 1,
        }
    )
    return key


def test_who_has_a_security_key_unlocks_with_it_and_the_call_goes_on(
    call: tuple[Person, Person], meeting: Meeting
) -> None:
    at_provider, at_client = call
    page, panel = at_provider.page, at_provider.page.get_by_role("region", name="Record")
    key = give_key(meeting, page)
    lapse(meeting)
    at_provider.press("Record")
    expect(panel.get_by_text(ASKED)).to_be_visible()
    expect(panel.get_by_label("Password", exact=True)).to_have_count(0)
    before = cookie(at_provider)

    key.unlock(False)  # somebody else's finger
    panel.get_by_role("button", name="Use security key or passkey").click()
    expect(panel.get_by_text("Nothing was touched in time")).to_be_visible()
    assert PHONE not in page.locator("[data-record]").inner_html()
    assert cookie(at_provider) == before

    key.unlock(True)
    panel.get_by_role("button", name="Use security key or passkey").click()
    expect(panel.get_by_text(PHONE)).to_be_visible()
    assert cookie(at_provider) != before
    assert page.context.request.get(f"{at_provider.url}/clients", max_redirects=0).status == 200
    assert at_provider.stage() == "room"
    assert at_client.new_frames_arrive()
    row = AuditEvent.select().where(AuditEvent.account == meeting.provider.account.id)
    assert row.where(AuditEvent.action == Action.CONFIRMED).get().about == {"by": "key"}
