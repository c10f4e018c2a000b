"""A call from the LAN: a provider and a client in two Chromiums, in the room together until standard input ends.

    python -m tests.system.machine.call NAME ADDRESS PATH PROVIDERS-COOKIE CLIENTS-COOKIE

Prints “in the room” when they see and hear each other, and at the end JSON: how long it went on, the longest time in
which no new picture came, and whether both still have the connections with which they began.
"""

from __future__ import annotations

import json
import select
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.visit.patterns import GREEN, PURPLE
from tests.browser.visit.person import Person, launch, until, visiting

IN_THE_ROOM = "in the room"
LOOK_EVERY_S = 0.25
PATIENCE_S = 60.0  # two browsers start beside an installation


def main(name: str, address: str, path: str, provider_cookie: str, client_cookie: str) -> None:
    """Hold the call until whoever started this closes its standard input."""
    url = f"https://{name}"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lead = f"--host-resolver-rules=MAP {name} {address},MAP turn.{name} {address}"
        green, purple = (launch(playwright, sends, Path(folder), lead) for sends in (GREEN, PURPLE))
        with (
            visiting(green, url, GREEN, cookie=provider_cookie) as provider,
            visiting(purple, url, PURPLE, cookie=client_cookie) as client,
        ):
            _meet(provider, client, path)
            _say(IN_THE_ROOM)
            _say(json.dumps(_watch(provider, client)))
        for browser in (green, purple):
            browser.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _meet(provider: Person, client: Person, path: str) -> None:
    client.go(f"{path}/visit")
    client.press("Enter waiting room")
    provider.go(f"{path}/visit")
    provider.press("Admit")
    until(lambda: provider.sees(PURPLE) and client.sees(GREEN), "picture of each other", within_s=PATIENCE_S)
    until(lambda: provider.hears(PURPLE) and client.hears(GREEN), "sound of each other", within_s=PATIENCE_S)


def _watch(provider: Person, client: Person) -> dict[str, object]:
    began = time.monotonic()
    at_first = [_ways(person) for person in (provider, client)]
    newest = dict.fromkeys(("provider", "client"), (0, began))
    longest_s = 0.0
    while not select.select([sys.stdin], [], [], LOOK_EVERY_S)[0]:
        for who, person in (("provider", provider), ("client", client)):
            frames, now = person.stats().frames_decoded, time.monotonic()
            before, since = newest[who]
            if frames > before:
                newest[who] = (frames, now)
                longest_s = max(longest_s, now - since)
            longest_s = max(longest_s, now - newest[who][1])
    return {
        "seconds": round(time.monotonic() - began, 1),
        "longest_pause_s": round(longest_s, 2),
        "same_connections": at_first == [_ways(person) for person in (provider, client)],
        "both_in_the_room": provider.stage() == client.stage() == "room",
    }


def _ways(person: Person) -> object:
    """The media's paths, and how many connections and websockets the page has opened: more means that one was lost."""
    opened = person.page.evaluate("[window.witness.connections.length, window.witness.sockets.length]")
    return person.stats().paths, opened


if __name__ == "__main__":
    main(*sys.argv[1:])
