"""Each stage of the visit as axe and a narrow screen see it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.visit.conftest import Enter
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.patterns import GREEN
from tests.browser.visit.person import Person, until

LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
TARGET_PX = 44
NARROWEST = {"width": 320, "height": 640}

_SMALL = f"""() => [...document.querySelectorAll("button, a, select, input, textarea")].flatMap((one) => {{
  const {{ width, height }} = one.getBoundingClientRect();
  const seen = one.checkVisibility() && width > 1;
  const small = seen && Math.min(width, height) < {TARGET_PX};
  return small ? [`${{one.outerHTML.slice(0, 90)}}: ${{width}} × ${{height}}`] : [];
}})"""


def look(person: Person, stage: str) -> None:
    """Nothing for axe to say, every target large enough, nothing wider than the screen."""
    assert person.stage() == stage
    found = Axe().run(person.page, options=LEVELS).response["violations"]
    wrong = [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]
    assert not wrong, f"{stage}: {wrong}"
    assert person.page.evaluate(_SMALL) == []
    size = person.page.viewport_size
    for narrow in (size, NARROWEST):
        person.page.set_viewport_size(narrow)
        assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{stage} at {narrow}"
    person.page.set_viewport_size(size)


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", True)], ids=["light desktop", "dark phone"])
def test_every_stage_is_within_reach_of_everybody(
    provider: Enter, client: Enter, meeting: Meeting, theme: str, phone: bool
) -> None:
    at_provider = provider(phone=phone, color_scheme=theme)
    at_client = client(phone=phone, color_scheme=theme)
    at_client.go(f"{meeting.path}/visit")
    at_client.page.get_by_text("Your microphone works").wait_for()
    look(at_client, "lobby")
    at_client.press("Enter waiting room")
    until(lambda: at_client.stage() == "waiting", "waiting room")
    look(at_client, "waiting")
    at_provider.go(f"{meeting.path}/visit")
    at_provider.page.get_by_role("button", name="Admit").wait_for()
    look(at_provider, "room")
    at_provider.press("Admit")
    until(lambda: at_client.sees(GREEN), "picture of the other")
    at_client.press("Chat")
    at_client.write("A line with a Verylongwordthatnobodyeverwouldwriteinsuchaway to see how it breaks")
    until(at_client.reads, "line of chat")
    look(at_client, "room")
    at_client.press("Leave")
    look(at_client, "over")


def test_the_call_can_be_led_by_keyboard_alone(provider: Enter, meeting: Meeting) -> None:
    at_provider = provider()
    at_provider.go(f"{meeting.path}/visit")
    mute = at_provider.page.get_by_role("button", name="Mute", exact=True)
    mute.focus()
    at_provider.page.keyboard.press("Enter")
    at_provider.page.get_by_role("button", name="Unmute", exact=True).wait_for()
    for name in ("Camera", "Chat"):
        at_provider.page.keyboard.press("Tab")
        assert at_provider.page.evaluate("document.activeElement.innerText").strip().startswith(name)
    at_provider.page.keyboard.press("Enter")
    field = at_provider.page.get_by_label("Message", exact=True)
    until(lambda: field.evaluate("(element) => element === document.activeElement"), "focus in the field")
    at_provider.page.keyboard.press("Escape")
    assert at_provider.page.evaluate("document.activeElement.innerText").strip().startswith("Chat")
    assert field.is_hidden()


_OVER_EACH_OTHER = """() => {
  const boxes = [...document.querySelectorAll(".visit-bar .visit-call > span:first-of-type")]
    .map((one) => ({ words: one.textContent, ...one.getBoundingClientRect().toJSON() }));
  return boxes.flatMap((one, at) => boxes.slice(at + 1).flatMap((two) =>
    one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom
      ? [`${one.words} and ${two.words}`] : []));
}"""


def test_letters_of_twice_the_size_leave_a_phone_all_its_buttons(
    provider: Enter, client: Enter, meeting: Meeting
) -> None:
    twice = "document.documentElement.style.fontSize = '200%'"
    at_client, at_provider = client(phone=True), provider()
    at_client.go(f"{meeting.path}/visit")
    at_client.page.evaluate(twice)
    at_client.press("Enter waiting room")  # fails if the bar lies over it
    until(lambda: at_client.stage() == "waiting", "waiting room")
    at_provider.go(f"{meeting.path}/visit")
    at_provider.press("Admit")
    until(lambda: at_client.sees(GREEN), "picture of the provider")
    assert at_client.page.evaluate(_OVER_EACH_OTHER) == []
    at_client.press("Leave")
    until(lambda: at_client.stage() == "over", "the words afterwards")
