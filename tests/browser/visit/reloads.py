"""New certificates, one after the other, under a call that goes on; and what of the call was disturbed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from appliance.box import Box as ConfiguredBox
from appliance.certificates.files import certificate_files, wanted_names
from appliance.certificates.reloading import reload
from appliance.certificates.self_signed import self_signed
from appliance.configure.files import write
from appliance.configure.root import settings_file
from appliance.health import shown_certificate
from appliance.leftovers import leftovers
from tests.browser.visit.box import Box
from tests.browser.visit.person import Person, until

# Frames that were decoded and the longest pause between two of them, noted in the page and not by asking from outside.
_WATCH = """() => {
  const player = document.querySelector("[data-tile-player]");
  const seen = { frames: 0, longest_ms: 0, last: performance.now() };
  window.seen = seen;
  const note = () => {
    const now = performance.now();
    seen.longest_ms = Math.max(seen.longest_ms, now - seen.last);
    seen.last = now;
    seen.frames += 1;
    player.requestVideoFrameCallback(note);
  };
  player.requestVideoFrameCallback(note);
}"""
_STATE = """() => ({
  made: window.witness.connections.length,
  states: window.witness.connections.map((one) => one.connectionState),
  sockets: window.witness.sockets.map((one) => one.readyState),
})"""


@dataclass(frozen=True)
class Disturbed:
    """What the call noticed. *workers* are nginx's after each reload; *pauses_s* the longest for each person."""

    reloads: int
    workers: tuple[int, ...]
    pauses_s: tuple[float, ...]
    ended: tuple[str, ...]  # a sentence for each connection that ended


def reload_again_and_again(box: Box, people: Sequence[Person], times: int) -> Disturbed:
    """Give the site *times* new certificates, and look at the call after each."""
    configured = ConfiguredBox(settings_file(box.root), box.settings)
    before = [person.page.evaluate(_STATE) for person in people]
    long_requests = _ended_long_requests(box)
    for person in people:
        person.page.evaluate(_WATCH)
    ended, workers, shown = [], [], set()
    for number in range(times):
        _new_certificate(configured)
        reload(configured)
        shown.add(shown_certificate(box.settings))
        workers.append(_workers(configured))
        for person, was in zip(people, before, strict=True):
            if (now := person.page.evaluate(_STATE)) != was:
                ended.append(f"after reload {number + 1}: {was} became {now}")
            frames = person.page.evaluate("window.seen.frames")
            until(
                lambda person=person, frames=frames: person.page.evaluate("window.seen.frames") > frames + 3, "frames"
            )
    assert len(shown) == times, "each reload showed another certificate"
    time.sleep(1)  # a log line of what ended last
    if _ended_long_requests(box) > long_requests:
        ended.append("live notices or signalling ended")
    pauses = tuple(person.page.evaluate("window.seen.longest_ms") / 1000 for person in people)
    return Disturbed(times, tuple(workers), pauses, tuple(ended))


def _new_certificate(box: ConfiguredBox) -> None:
    pair = self_signed(wanted_names(box.settings), at=datetime.now(UTC))
    files = certificate_files(box.settings)
    write(files.key, pair.key, mode=0o400)
    write(files.chain, pair.chain, mode=0o444)


def _workers(box: ConfiguredBox) -> int:
    """nginx's processes less the master."""
    found = [psutil.Process(pid) for pid in leftovers(box.places.record("nginx")) if psutil.pid_exists(pid)]
    return len(found) - 1


def _ended_long_requests(box: Box) -> int:
    """nginx logs a request when it ends: these two last as long as their page."""
    log = (Path(box.settings.paths.log) / "nginx.log").read_text()
    return log.count('"area":"/live"') + log.count('"area":"/rtc"')
