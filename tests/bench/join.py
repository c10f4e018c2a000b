"""``python -m tests.bench.join [--times 20]``: how long people wait for each other's face.

Two Chromiums and the whole appliance on this machine. *Join*: from the client's press on Join (already admitted, the
provider is inside) over the page's load to the first frame shown. *Admit*: from the provider's press on Admit to the
first frame shown to the client, who waits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from tests.bench.visit import Visit, visit_of_two
from tests.browser.visit.meeting import Meeting
from tests.browser.visit.person import Person, until
from webapp.appointments.visit.models import Attendance

# Notes when a button was pressed, across the page load that follows, and when the first frame of the other is shown.
STOPWATCH = """
addEventListener("click", () => sessionStorage.setItem("pressed", Date.now()), true);
const watch = () => {
  const player = document.querySelector("[data-tile-player]");
  if (player) player.requestVideoFrameCallback(() => { window.shown = Date.now(); });
  else setTimeout(watch, 4);
};
window.watchForPicture = () => { window.shown = 0; watch(); };
watch();
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the medians and the 95th percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args(arguments).times
    with visit_of_two(script=STOPWATCH) as visit:
        provider, client = visit.provider, visit.client
        provider.go(f"{visit.meeting.path}/visit")
        client.go(f"{visit.meeting.path}/visit")
        client.press("Enter waiting room")
        report("Admit", [time_admit(visit) for _ in range(times)])
        provider.press("Admit")
        until(lambda: client.stage() == "room", "room")
        report("Join", [time_join(visit.meeting, client) for _ in range(times)])
    return 0


def time_admit(visit: Visit) -> float:
    """Seconds from the press on Admit; the client then stands in the waiting room again."""
    box, meeting, provider, client = visit.box, visit.meeting, visit.provider, visit.client
    provider.press("Admit")
    shown = first_frame(client)
    pressed = float(provider.page.evaluate("sessionStorage.getItem('pressed')"))
    mine = Attendance.get(Attendance.account == meeting.client.account)
    token = provider.page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    provider.page.request.post(
        f"{box.url}{meeting.path}/visit/people/{mine.id}/send-back",
        headers={"X-CSRFToken": token, "Origin": box.url},
    )
    until(lambda: client.stage() == "waiting", "waiting room")
    client.page.evaluate("window.watchForPicture()")
    return (shown - pressed) / 1000


def time_join(meeting: Meeting, client: Person) -> float:
    """Seconds from the press on Join; the client has left the visit afterwards."""
    client.go(meeting.path)
    client.page.get_by_role("link", name="Join").or_(client.page.get_by_role("button", name="Join")).click()
    shown = first_frame(client)
    pressed = float(client.page.evaluate("sessionStorage.getItem('pressed')"))
    client.press("Leave")
    return (shown - pressed) / 1000


def first_frame(person: Person) -> float:
    """When the other's first frame was shown, as Unix milliseconds."""

    def shown() -> Any:
        return person.page.evaluate("window.shown")

    return float(until(shown, "picture of the other"))


def report(name: str, seconds: list[float]) -> None:
    """One line: median and 95th percentile."""
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    sys.stdout.write(
        f"{name:6} to first frame: p50 {statistics.median(seconds):.2f} s, p95 {p95:.2f} s, of {len(seconds)}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
