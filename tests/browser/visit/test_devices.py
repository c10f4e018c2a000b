"""What a browser cannot give never keeps anybody out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.visit.conftest import Enter
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.patterns import GREEN
from tests.browser.visit.person import until

NOTHING_ALLOWED = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
"""
NO_CAMERA = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (wanted.video) throw new DOMException("", "NotFoundError");
  return real(wanted);
};
"""
MAIL_APP = """
for (const lacking of ["mediaDevices", "clipboard"]) Object.defineProperty(navigator, lacking, { value: undefined });
"""
MAIL_APP_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS]"
)

NEEDS_TAP = """
const play = HTMLMediaElement.prototype.play;
let tapped = false;
addEventListener("click", ({ target }) => { tapped ||= target.closest("[data-tap-for-sound]") !== null; }, true);
HTMLMediaElement.prototype.play = function () {
  if (!this.muted && !tapped) return Promise.reject(new DOMException("", "NotAllowedError"));
  return play.call(this);
};
"""


@pytest.mark.parametrize(
    ("script", "sentence", "is_heard"),
    [
        (NOTHING_ALLOWED, "Your browser does not let us use the camera.", False),
        (NO_CAMERA, "We found no camera. You can go on with sound only.", True),
    ],
    ids=["denied: only listens", "absent: sound only"],
)
def test_without_a_camera_one_is_told_why_and_enters_all_the_same(
    provider: Enter, client: Enter, meeting: Meeting, script: str, sentence: str, is_heard: bool
) -> None:
    at_client, at_provider = client(script=script), provider()
    at_client.go(f"{meeting.path}/visit")
    at_client.page.get_by_text(sentence).wait_for()
    at_client.press("Enter waiting room")
    at_provider.go(f"{meeting.path}/visit")
    at_provider.press("Admit")
    until(lambda: at_client.sees(GREEN), "picture of the provider")
    until(lambda: at_client.hears(GREEN), "sound of the provider")
    assert at_provider.page.locator('[data-tile-initials]:text("MH")').is_visible()
    if is_heard:
        before = at_provider.stats().audio_energy
        until(lambda: at_provider.stats().audio_energy > before, "sound of the client")
    else:
        assert at_provider.page.locator("[data-tile-muted]").is_visible()


def test_a_provider_whose_camera_is_not_allowed_is_told_in_the_call_and_again_on_asking(
    provider: Enter, meeting: Meeting
) -> None:
    at_provider = provider(script=NOTHING_ALLOWED)
    at_provider.go(f"{meeting.path}/visit")
    told = at_provider.page.locator(".visit-room [data-input-trouble]")
    expect(told).to_contain_text("Your browser does not let us use the camera.")
    expect(told).to_contain_text("Your browser does not let us use the microphone.")
    told.evaluate("(element) => { element.hidden = true; }")  # as after a while
    at_provider.press("Start camera")
    expect(told).to_be_visible()
    at_provider.press("Settings")
    expect(at_provider.page.get_by_role("dialog")).to_contain_text("Your browser does not let us use the camera.")


def test_a_mail_apps_browser_offers_the_way_to_the_phones_own(client: Enter, meeting: Meeting) -> None:
    at_client = client(script=MAIL_APP, phone=True, user_agent=MAIL_APP_AGENT)
    at_client.go(f"{meeting.path}/visit")
    link = at_client.page.get_by_role("link", name="Open in Safari")
    assert (link.get_attribute("href") or "").startswith("x-safari-https://localhost")
    assert at_client.page.get_by_role("link", name="Open in Chrome").is_hidden()
    assert at_client.page.get_by_label("Link to this visit").input_value() == at_client.page.url
    at_client.press("Copy link")
    at_client.page.get_by_role("button", name="Copied").wait_for()


def test_where_sound_needs_a_tap_the_picture_plays_and_one_button_asks(
    provider: Enter, client: Enter, meeting: Meeting
) -> None:
    at_provider, at_client = provider(script=NEEDS_TAP), client()
    at_client.go(f"{meeting.path}/visit")
    at_client.press("Enter waiting room")
    at_provider.go(f"{meeting.path}/visit")
    at_provider.page.get_by_role("button", name="Admit", exact=True).click()
    tap = at_provider.page.get_by_role("button", name="Tap for sound")
    tap.wait_for()
    assert at_provider.page.locator("[data-tile-player]").evaluate("(player) => player.muted && !player.paused")
    tap.click()
    assert at_provider.page.locator("[data-tile-player]").evaluate("(player) => !player.muted")
    assert tap.is_hidden()
