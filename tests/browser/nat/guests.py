"""Three people, each in a browser in another network: what arrives from whom, and by which way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright

from tests.browser.nat.clinic import Clinic
from tests.browser.program import chromium_program
from tests.browser.visit.meeting import CLIENT, SECOND_CLIENT, Meeting, make_meeting
from tests.browser.visit.patterns import GREEN, ORANGE, PURPLE, Pattern
from tests.browser.visit.person import NEAR, Person, launch, until, visiting
from webapp.app import prepare
from webapp.db.database import db

URL = "https://clinic.example"

_PICTURES = """() => [...document.querySelectorAll("[data-tile-player]")].filter((player) => player.videoWidth)
  .map((player) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [player.videoWidth, player.videoHeight];
    const context = canvas.getContext("2d");
    context.drawImage(player, 0, 0);
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    const points = [0.1, 0.3, 0.5, 0.7, 0.9].map(
      (x) => context.getImageData(x * canvas.width, canvas.height / 2, 1, 1).data);
    return [0, 1, 2].map((channel) => middle(points.map((point) => point[channel])));
  })"""

_ARRIVED = """async () => {
  const found = { audio: {}, video: {}, ways: [] };
  for (const connection of window.witness.connections) {
    if (connection.connectionState !== "connected") continue;
    const entries = new Map();
    (await connection.getStats()).forEach((entry) => entries.set(entry.id, entry));
    for (const entry of entries.values()) {
      if (entry.type === "inbound-rtp" && entry.kind === "audio") found.audio[entry.ssrc] = entry.totalAudioEnergy;
      if (entry.type === "inbound-rtp" && entry.kind === "video") found.video[entry.ssrc] = entry.framesDecoded;
      if (entry.type === "transport" && entry.selectedCandidatePairId) {
        const pair = entries.get(entry.selectedCandidatePairId);
        const [local, remote] = [entries.get(pair.localCandidateId), entries.get(pair.remoteCandidateId)];
        const relayed = local.candidateType === "relay";
        found.ways.push(`${relayed ? `relay-${local.relayProtocol}` : local.protocol} ${remote.address}`);
      }
    }
  }
  return found;
}"""


@dataclass(frozen=True)
class Room:
    """Everybody inside: at the desk in the clinic, far away, and behind a strict firewall."""

    desk: Person
    far: Person
    strict: Person

    @property
    def everybody(self) -> tuple[Person, ...]:
        return self.desk, self.far, self.strict

    def others(self, person: Person) -> list[Pattern]:
        return [other.sends for other in self.everybody if other is not person]


@contextlib.contextmanager
def browsers(clinic: Clinic, playwright: Playwright, folder: Path) -> Iterator[dict[str, Any]]:
    chromium = chromium_program() or playwright.chromium.executable_path
    made = {}
    for name, network, sends in (
        ("desk", clinic.desk, GREEN),
        ("far", clinic.far, PURPLE),
        ("strict", clinic.strict, ORANGE),
    ):
        program = clinic.browser_program(network, name, chromium)
        made[name] = launch(playwright, sends, folder, program=program)
    try:
        yield made
    finally:
        for browser in made.values():
            browser.close()


@contextlib.contextmanager
def meeting(clinic: Clinic) -> Iterator[Meeting]:
    prepare(clinic.settings)
    db.connect(reuse_if_open=True)
    yield make_meeting(clinic.settings, CLIENT, SECOND_CLIENT)
    db.close()
    db.obj.close_all()


@contextlib.contextmanager
def room(browsers: dict[str, Any], meeting: Meeting) -> Iterator[Room]:
    """The provider at the desk lets both clients in; all three are in the room, though not everything has come yet."""
    first, second = meeting.clients
    with (
        visiting(browsers["desk"], URL, GREEN, cookie=meeting.provider.cookie) as desk,
        visiting(browsers["far"], URL, PURPLE, cookie=first.cookie) as far,
        visiting(browsers["strict"], URL, ORANGE, cookie=second.cookie) as strict,
    ):
        desk.go(f"{meeting.path}/visit")
        for guest in (far, strict):
            guest.go(f"{meeting.path}/visit")
            guest.press("Enter waiting room")
            until(lambda guest=guest: guest.stage() == "waiting", "waiting room")
        admit = desk.page.get_by_role("button", name="Admit", exact=True)
        for still_waiting in (2, 1):
            until(lambda count=still_waiting: admit.count() == count, f"{still_waiting} who wait", within_s=30)
            admit.first.click()
        for guest in (far, strict):
            until(lambda guest=guest: guest.stage() == "room", "room", within_s=30)
        yield Room(desk, far, strict)


def sees(person: Person, others: list[Pattern]) -> bool:
    """Whether there is a picture of each of *others*, and of nobody else."""
    pictures = person.page.evaluate(_PICTURES)
    return len(pictures) == len(others) and all(
        any(all(abs(a - b) <= NEAR for a, b in zip(rgb, other.rgb, strict=True)) for rgb in pictures)
        for other in others
    )


def receives(person: Person, *, voices: int, pictures: int, within_s: float = 15) -> bool:
    """Whether sound and pictures of so many others go on arriving, and no fewer."""
    before = person.page.evaluate(_ARRIVED)

    def more() -> bool:
        now = person.page.evaluate(_ARRIVED)
        heard = [ssrc for ssrc, energy in now["audio"].items() if energy > before["audio"].get(ssrc, 0)]
        seen = [ssrc for ssrc, frames in now["video"].items() if frames > before["video"].get(ssrc, 0) + 5]
        return len(heard) >= voices and len(seen) >= pictures

    return until(more, f"{voices} voices and {pictures} pictures", within_s=within_s)


def ways(person: Person) -> set[str]:
    """How media goes, as “udp 203.0.113.2” or “relay-tls 192.168.77.10”."""
    return set(person.page.evaluate(_ARRIVED)["ways"])
